"""What stands for a person's name or address where it need not be read: its owner would know it, a stranger not."""


def masked_name(name: str) -> str:
    """The first letter of each of its words: A… E…; a name of one letter is masked as well, and of a number nothing is left."""
    return " ".join(f"{'' if word[:1].isdigit() else word[:1]}…" for word in name.split())


def masked_address(address: str) -> str:
    """An address that nobody could write to: a…@example.org."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def masked_cell(text: str) -> str:
    """What a table's cell may show of a person, whatever stands in it."""
    return masked_address(text) if "@" in text else masked_name(text)[:60]
