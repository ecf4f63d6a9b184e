"""Countries as people write them on paper: a code, a name in the reader's language or in English, or a common short form."""

import unicodedata
from functools import lru_cache

from babel import Locale
from flask_babel import get_locale

from core.countries import NOT_COUNTRIES

SHORT_FORMS = {
    "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
    "usa": "US", "united states of america": "US", "america": "US", "holland": "NL", "the netherlands": "NL", "el": "GR",
    "czech republic": "CZ", "turkey": "TR", "russian federation": "RU", "republic of ireland": "IE", "eire": "IE",
    "south korea": "KR", "republic of korea": "KR", "uae": "AE", "burma": "MM", "macedonia": "MK", "ivory coast": "CI",
}  # fmt: skip


class UnknownCountry(ValueError):
    """No country is written like that."""


def code_of(typed: str) -> str:
    """The code of a country as typed. Raises UnknownCountry."""
    found = _by_name(str(get_locale() or "en")).get(plain(typed))
    if found is None:
        raise UnknownCountry(typed)
    return found


@lru_cache(maxsize=16)
def _by_name(language: str) -> dict[str, str]:
    """The names of CLDR in both languages, their variants ("Türkiye", "Turkey") included; codes win over names."""
    codes = {
        code: code for code in map(str, Locale.parse("en").territories) if len(code) == 2 and code not in NOT_COUNTRIES
    }
    names = {
        name: code
        for spoken in ("en", language)
        for code, name in Locale.parse(spoken).territories.items()
        if code in codes
    }
    return SHORT_FORMS | {plain(name): code for name, code in (names | codes).items()}


def plain(text: str) -> str:
    """Without case, accents, full stops and double spaces."""
    spread = unicodedata.normalize("NFKD", text.casefold().replace(".", ""))
    return " ".join("".join(c for c in spread if not unicodedata.combining(c)).split())
