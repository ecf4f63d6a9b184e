"""Countries: every one by its code and its name in the reader's language, and nothing that is none."""

import pytest
from flask import Flask
from flask_babel import force_locale

from core import countries


@pytest.fixture
def own(make_app) -> Flask:
    return make_app()


def test_countries_are_chosen_by_name(own: Flask) -> None:
    with own.test_request_context():
        choices = countries.choices()
    codes, names = zip(*choices, strict=True)
    assert {"IE", "KZ", "AT", "XK", "PS", "TW"} <= set(codes)
    assert not {"EU", "UN", "ZZ", "XA", "XB", "EZ", "QO"} & set(codes)
    assert all(len(code) == 2 and code.isalpha() and code.isupper() for code in codes)
    assert list(names) == sorted(names)
    assert 245 <= len(choices) <= 265


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Kazakhstan"), ("de", "Kasachstan"), ("ru", "Казахстан"), ("kk", "Қазақстан")]
)
def test_a_country_is_named_in_the_readers_language(own: Flask, language: str, name: str) -> None:
    with own.test_request_context(), force_locale(language):
        assert countries.name_of("KZ") == name
        assert countries.name_of("??") == "??"
