"""Tokens: the form's age, and values that travel in an address bar."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.tokens import (
    TokenError,
    check_form_token,
    digest,
    form_token,
    key_for,
    keyed_hash,
    new_secret,
    open_query,
    seal_query,
)

NOON = datetime(2010, 5, 6, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
within_a_test = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def at_noon(make_app) -> Iterator[time_machine.Traveller]:
    """Noon on a day that stands still, within an app."""
    with make_app().app_context(), time_machine.travel(NOON, tick=False) as moment:
        yield moment


def test_one_form_token_for_everybody_within_five_minutes(at_noon) -> None:
    first = form_token()
    at_noon.shift(timedelta(minutes=4, seconds=59))
    assert form_token() == first
    at_noon.shift(timedelta(seconds=1))
    assert form_token() != first


@pytest.mark.parametrize("age", [timedelta(0), timedelta(minutes=5), HOUR, 24 * HOUR])
def test_a_form_token_lasts_a_day(at_noon, age: timedelta) -> None:
    token = form_token()
    at_noon.shift(age)
    check_form_token(token)


@pytest.mark.parametrize("age", [timedelta(hours=24, minutes=5, seconds=1), 48 * HOUR, -HOUR])
def test_an_old_form_token_is_refused_and_one_from_the_future(at_noon, age: timedelta) -> None:
    token = form_token()
    at_noon.shift(age)
    with pytest.raises(TokenError):
        check_form_token(token)


def test_a_changed_form_token_is_refused(at_noon) -> None:
    token = form_token()
    for place, letter in enumerate(token):
        changed = token[:place] + ("1" if letter != "1" else "2") + token[place + 1 :]
        with pytest.raises(TokenError):
            check_form_token(changed)
    bucket, mark = token.split(".")
    for changed in (f"{int(bucket) + 1}.{mark}", bucket, mark, f".{mark}", f"{bucket}.", f"-{token}", f"{token}.x"):
        with pytest.raises(TokenError):
            check_form_token(changed)


def test_another_sites_form_token_is_refused(at_noon, make_app) -> None:
    with make_app(SECRET_KEY="another site's secret, of 48 different letters!!").app_context():
        foreign = form_token()
    with pytest.raises(TokenError):
        check_form_token(foreign)


@within_a_test
@given(st.text(st.characters()))
@example("")
@example("٥.x")
@example("²." + "A" * 22)
@example("1.\ud800")
@example("9" * 5000 + ".x")
@example("1." + "ü" * 100_000)
def test_no_garbage_passes_as_a_form_token_or_breaks_the_check(at_noon, garbage: str) -> None:
    with pytest.raises(TokenError):
        check_form_token(garbage)


@within_a_test
@given(
    st.dictionaries(st.text(max_size=9), st.text(st.characters(exclude_categories=["Cs"])) | st.integers() | st.none())
)
def test_a_sealed_query_opens(at_noon, values: dict) -> None:
    token = seal_query("thanks", values)
    assert token.isascii()
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert open_query("thanks", token, age=HOUR) == values


def test_a_sealed_query_shows_neither_its_text_nor_its_length(at_noon) -> None:
    short, long = seal_query("thanks", {"email": "a@b.c"}), seal_query("thanks", {"email": "ada.example@example.org"})
    assert len(short) == len(long)
    assert b"example" not in urlsafe_b64decode(long + "==")
    assert seal_query("thanks", {}) != seal_query("thanks", {})


def test_a_sealed_query_ends_with_its_age(at_noon) -> None:
    token = seal_query("thanks", {"a": 1})
    at_noon.shift(timedelta(minutes=30))
    assert open_query("thanks", token, age=timedelta(minutes=30)) == {"a": 1}
    at_noon.shift(timedelta(seconds=1))
    with pytest.raises(TokenError, match="too old"):
        open_query("thanks", token, age=timedelta(minutes=30))


def test_a_sealed_query_opens_for_its_purpose_only(at_noon) -> None:
    with pytest.raises(TokenError):
        open_query("cancelled", seal_query("thanks", {"a": 1}), age=HOUR)


def test_any_flipped_byte_of_a_sealed_query_is_found(at_noon) -> None:
    raw = urlsafe_b64decode(seal_query("thanks", {"a": 1}) + "==")
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(TokenError):
            open_query("thanks", urlsafe_b64encode(changed).decode().rstrip("="), age=HOUR)


@within_a_test
@given(st.text(st.characters()))
@example("A")
@example("=" * 7)
@example("\ud800")
@example("A" * 1_000_000)
def test_no_garbage_opens_as_a_query_or_breaks_the_door(at_noon, garbage: str) -> None:
    with pytest.raises(TokenError):
        open_query("thanks", garbage, age=HOUR)


def test_each_purpose_has_a_key_of_its_own(at_noon) -> None:
    assert key_for("form") != key_for("thanks")
    assert len(key_for("form")) == 32
    assert keyed_hash("one", "text") != keyed_hash("two", "text")


def test_secrets_are_long_and_kept_as_their_digest(app: Flask) -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(urlsafe_b64decode(secret + "=")) == 32 for secret in made)
    assert digest("abc").hex().startswith("ba7816bf8f01cfea")  # FIPS 180-2, example B.1
