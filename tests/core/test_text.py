"""Text hygiene: a person's name stands as it was typed; what could deceive a reader is refused in a sentence."""

import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.text import TextError, clean_line, clean_name, clean_text

KEPT = [
    "Pelé", "O'Brien", "O’Brien", "Jean-Luc Picard-Dubois", "St.John Smith", "J.R. Ng", "Martin Luther King, Jr.",
    "Dr. H. Co",
    "محمد علي", "王小明", "Ұлжан Құнанбай", "Ainur Kurmanov", "Владимир Козлов", "ΝΙΚΟΣ", "שרה לוי", "प्रिया शर्मा",
    "สมชาย ใจดี",
    "می\u200cخواهم", "क्\u200dष", "محمد\u200f علي", "Ng", "X Æ A-12", "Nguyễn Thị Minh Khai", "Þórr",
    "D’Angelo d'Arcy", "李·明",
    "Renée (Union 12)", "Ada & Bob", "Smith/Jones", "🩷 Ada", "שָׁלוֹם", "བོད་སྐད", "မြန်မာ", "ខ្មែរ",
]  # fmt: skip
REFUSED = [
    "Ada\x00", "A\x00da", "A\x07da", "A\x1bda", "A\x7fda", "A\x85da", "Ada\nBob", "Ada\tBob", "A\u202eda",
    "A\u202ada", "A\u2066da",
    "A\u200bda", "A\u2060da", "\ufeffAda", "A\u00adda", "A\ufffdda", "\u3164", "\u115f\u1160", "Ada\u2800",
    "A\ue000da", "A\uffffda",
    "A\U000e0001da", "A\U000e0061da", "A\u206ada", "A\u180eda",
    "A\ud800da", "A\U0010ffffda", "A\ufff9da",
    "http://evil.com", "See HTTPS://EVIL.example", "ftp://x", "www.evil.example", "Ada WWW.x", "evil.com",
    "Ada evil.com", "EVIL.COM",
    "bit.ly/x", "t.me/x", "Ada (evil.com)", "ada@evil.com", "evil.com/", "evil.info!", "пример.com", "goo.gl/abc",
    "1234", "...", "!!! ---", "💔", "12-34", "'",
    "e" + "\u0301\u0316" * 4, "Z" + "\u0489" * 6, "ก" + "\u0e47" * 9, "a" + "\u20dd" * 5,
    "x" * 121, "王" * 121,
]  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_a_name_stands_as_it_was_typed(name: str) -> None:
    assert clean_name(name, 120) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", REFUSED, ids=[ascii(name)[:30] for name in REFUSED])
def test_what_deceives_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(TextError) as refused:
        clean_name(name, 120)
    assert str(refused.value)[0].isupper()
    assert str(refused.value).endswith((".", "it."))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada   Example ", "Ada Example"), ("Ada\u00a0Example", "Ada Example"), ("Ada\u3000Example",
        "Ada Example"), ("", ""),
        ("Nguye\u0302\u0303n", "Nguyễn"), ("e\u0301", "é"), ("\u212b", "Å"), ("Ada\n", "Ada"), ("x" * 120 + "  ",
        "x" * 120),
        (unicodedata.normalize("NFD", "Nguyễn" * 20), "Nguyễn" * 20),
    ],
)  # fmt: skip
def test_only_space_and_composition_are_put_right(typed: str, kept: str) -> None:
    assert clean_name(typed, 120) == kept


def test_a_long_name_is_told_its_length() -> None:
    with pytest.raises(TextError, match=r"120 characters; it has 121\."):
        clean_name("x" * 121, 120)


def test_a_line_may_hold_digits_and_addresses_where_it_names_nobody() -> None:
    assert clean_line("1010", 20) == "1010"
    assert clean_line("see evil.com", 20) == "see evil.com"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("One\r\ntwo\rthree\n\nfour\t.", "One\ntwo\nthree\n\nfour\t."), ("  x  ", "x"), ("e\u0301", "é"),
        ("🩷 🏳️‍🌈", "🩷 🏳️‍🌈"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",) * 2,
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)  # fmt: skip
def test_several_lines_keep_their_lines(typed: str, kept: str) -> None:
    assert clean_text(typed, 500) == kept


@pytest.mark.parametrize("typed", ["a\x00b", "a\x0bb", "a\u202eb", "a\ud800b", "a\u200bb", "x" * 501])
def test_several_lines_hide_nothing(typed: str) -> None:
    with pytest.raises(TextError):
        clean_text(typed, 500)


ANYTHING = st.text(st.characters()) | st.text(
    st.sampled_from("a .\u0301\u0316\u0345 \u1100\u1161\u11a8\u200d\u00c5\ufb1d\r\n\t\u2000/:")
)


@pytest.mark.parametrize("clean", [clean_line, clean_name, clean_text])
def test_any_text_is_stable_or_a_text_error(clean) -> None:
    @settings(max_examples=400, deadline=None)
    @given(ANYTHING)
    @example("\ud800")
    @example(" \u0301")
    @example("\u0344")
    @example("\u2000 \u2029")
    def holds(typed: str) -> None:
        try:
            kept = clean(typed, 120)
        except TextError:
            return
        assert unicodedata.is_normalized("NFC", kept)
        assert clean(kept, 120) == kept
        assert len(kept) <= 120
        kept.encode()

    holds()


@pytest.mark.parametrize(
    "typed", ["\u0301\u0316" * 16_000, "a." * 16_000, "a-" * 16_000, " " * 32_000, "\u0344" * 16_000]
)
@pytest.mark.parametrize("clean", [clean_line, clean_name, clean_text])
def test_a_form_full_of_one_thing_is_refused_at_once(clean, typed: str) -> None:
    start = time.perf_counter()
    with pytest.raises(TextError):
        clean(typed, 500)
    assert time.perf_counter() - start < 0.1
