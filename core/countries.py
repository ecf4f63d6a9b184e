"""Countries: ISO 3166 codes with their names in the reader's language. Source: CLDR through Babel."""

from functools import lru_cache

from babel import Locale
from flask_babel import get_locale

NOT_COUNTRIES = {"EU", "UN", "ZZ", "XA", "XB", "EZ", "QO"}


@lru_cache(maxsize=64)
def _names(language: str) -> dict[str, str]:
    territories = Locale.parse(language).territories
    return {code: name for code, name in territories.items() if len(code) == 2 and code not in NOT_COUNTRIES}


def names() -> dict[str, str]:
    """Every country's name in the reader's language, by its code."""
    return _names(str(get_locale() or "en"))


def name_of(code: str) -> str:
    """The country's name in the reader's language; the code itself where it has none."""
    return names().get(code, code)


def known(code: str) -> bool:
    """Whether it is the code of a country; codes are the same in every language."""
    return code in _names("en")


@lru_cache(maxsize=64)
def _sorted(language: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_names(language).items(), key=lambda pair: pair[1]))


def choices() -> tuple[tuple[str, str], ...]:
    """(code, name) pairs by name, for a select field."""
    return _sorted(str(get_locale() or "en"))
