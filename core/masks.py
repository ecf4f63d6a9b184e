"""What stands for a person's name or address where it need not be read: its owner would know it, a stranger not."""

HIDDEN = "•"


def masked_name(name: str) -> str:
    """The first letter of each of its words: A… E…; a name of one letter is masked as well."""
    return " ".join(f"{word[:1]}…" for word in name.split())


def masked_address(address: str) -> str:
    """An address that nobody could write to: a…@example.org."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"


def masked_cell(text: str) -> str:
    """What a table's cell may show of a person: each word's first letter, and of a word of digits none; of an address its
    first letter and its ending."""
    if "@" in text:
        local, _at, domain = text.rpartition("@")
        return f"{_word(local)}@{HIDDEN * 3}{domain[domain.rfind('.') :] if '.' in domain else ''}"
    return " ".join(_word(word) for word in text.split())[:60]


def _word(word: str) -> str:
    kept = "" if word[:1].isdigit() else word[:1]
    return kept + HIDDEN * min(3, len(word) - len(kept))
