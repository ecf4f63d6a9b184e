"""What a preview shows of persons: enough to see whether a column is what it is taken for, too little to read a name."""

HIDDEN = "•"


def masked(text: str) -> str:
    """Each word's first letter, and of a word of digits none; of an address its first letter and its ending."""
    if "@" in text:
        local, _at, domain = text.rpartition("@")
        return f"{_word(local)}@{HIDDEN * 3}{domain[domain.rfind('.') :] if '.' in domain else ''}"
    return " ".join(_word(word) for word in text.split())[:60]


def _word(word: str) -> str:
    kept = "" if word[:1].isdigit() else word[:1]
    return kept + HIDDEN * min(3, len(word) - len(kept))
