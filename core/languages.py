"""Languages: in which texts of this site may be written, and what each is called by those who speak it."""

from babel import Locale
from flask import current_app

DECLARED = ("ar", "de", "en", "es", "fa", "fr", "it", "kk", "pl", "pt", "ru", "tr", "uk", "uz", "zh")


def declared() -> list[str]:
    """Codes of the languages in which organisers may write, whether or not the pages themselves exist in them."""
    return sorted({*DECLARED, *of_pages()})


def of_pages() -> list[str]:
    """Codes of the languages that the pages themselves exist in."""
    return [str(locale) for locale in current_app.extensions["babel"].instance.list_translations()]


def name_of(code: str) -> str:
    """A language by its own name: English, русский."""
    return str(Locale.parse(code).get_display_name(code) or code)


def direction(code: str) -> str:
    """ltr or rtl."""
    return str(Locale.parse(code).text_direction)


def tag(code: str) -> str:
    """The code as HTML spells it: zh-Hant, not zh_Hant."""
    return code.replace("_", "-")
