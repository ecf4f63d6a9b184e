"""The address of a page made from its title: small letters a to z, digits, single hyphens."""

import re
import unicodedata
from collections.abc import Container

LONGEST = 80
SPELT = str.maketrans({
    "ß": "ss", "æ": "ae", "ø": "o", "å": "a", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h",
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "y", "к": "k",
    "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts",
    "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "і": "i", "ї": "yi",
    "є": "ye", "ґ": "g", "ў": "u", "қ": "q", "ғ": "gh", "ң": "ng", "ө": "o", "ұ": "u", "ү": "u", "һ": "h", "ә": "a",
})  # fmt: skip


def of(title: str, otherwise: str) -> str:
    """The title in letters that every address bar shows; `otherwise` where none of its letters can be spelt so."""
    spelt = title.casefold().translate(SPELT)
    bare = "".join(one for one in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(one))
    words = re.findall(r"[a-z0-9]+", bare.translate(SPELT))
    return _cut("-".join(words), LONGEST - 4) or otherwise


def free(slug: str, taken: Container[str]) -> str:
    """The slug, or with a number behind it the first that is not taken."""
    number, found = 1, slug
    while found in taken:
        number += 1
        found = f"{slug}-{number}"
    return found


def _cut(slug: str, longest: int) -> str:
    """Cut between two words where there are any."""
    if len(slug) <= longest:
        return slug
    return slug[: longest + 1].rpartition("-")[0] or slug[:longest]
