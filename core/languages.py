"""Languages: in which texts of this site may be written, what each is called by those who speak it, words in one of them."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from babel import Locale
from flask import current_app
from flask_babel import force_locale

DECLARED = ("ar", "de", "en", "es", "fa", "fr", "it", "kk", "pl", "pt", "ru", "tr", "uk", "uz", "zh")


@dataclass(frozen=True)
class Said:
    """Words and the language that they are in."""

    words: str
    language: str


def declared() -> list[str]:
    """Codes of the languages in which organisers may write, whether or not the pages themselves exist in them."""
    return sorted({*DECLARED, *of_pages()})


def of_pages() -> list[str]:
    """Codes of the languages that the pages themselves exist in."""
    return [str(locale) for locale in current_app.extensions["babel"].instance.list_translations()]


def besides(original: str) -> list[str]:
    """The languages that a text may be translated into."""
    return [code for code in declared() if code != original]


@contextmanager
def site_in(language: str) -> Iterator[None]:
    """The words of the site itself are in that language where it has them, else they stay as they are."""
    if language not in of_pages():
        yield
        return
    with force_locale(language):
        yield


def digest_of(language: str, texts: Iterable[str]) -> str:
    """The hash of an original, by which a translation tells whether it still renders what stands there."""
    return hashlib.sha256(json.dumps([language, *texts]).encode()).hexdigest()


def name_of(code: str) -> str:
    """A language by its own name: English, русский."""
    return str(Locale.parse(code).get_display_name(code) or code)


def direction(code: str) -> str:
    """ltr or rtl."""
    return str(Locale.parse(code).text_direction)


def tag(code: str) -> str:
    """The code as HTML spells it: zh-Hant, not zh_Hant."""
    return code.replace("_", "-")
