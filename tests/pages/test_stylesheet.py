"""The stylesheet by computation: contrast of its tokens (axe sees no borders), directions, and no foreign address."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parent.parent.parent / "static"
SHEET = (STATIC / "css" / "site.css").read_text()
TOKEN = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})")
PHYSICAL = re.compile(
    r"^\s*(left|right|top|bottom|float"
    r"|(margin|padding|border)-(left|right|top|bottom)"
    r"|(min-|max-)?(width|height)"
    r"|text-align: (left|right))\b",
    re.MULTILINE,
)
TEXT, GRAPHIC = 4.5, 3.0
PAIRS = (
    *(("ink", ground, 7.0) for ground in ("paper", "surface", "amber-tint", "ok-tint", "danger-tint")),
    *(("ink-2", ground, TEXT) for ground in ("paper", "surface", "amber-tint")),
    *(("brand", ground, TEXT) for ground in ("paper", "surface", "amber-tint", "ok-tint")),
    ("brand-2", "tint", TEXT), ("on-brand", "brand", TEXT), ("on-brand", "brand-2", TEXT),
    ("amber-ink", "amber-tint", TEXT), ("amber", "surface", GRAPHIC), ("amber", "tint", GRAPHIC), ("amber", "paper", GRAPHIC),
    ("danger", "danger-tint", TEXT), ("danger", "surface", TEXT), ("on-danger", "danger", TEXT), ("ok", "ok-tint", TEXT),
    ("edge", "surface", GRAPHIC), ("edge", "paper", GRAPHIC),
    *(("focus", ground, GRAPHIC) for ground in ("paper", "surface", "amber-tint", "danger-tint")),
    ("surface", "brand", GRAPHIC),
)  # fmt: skip


def tokens(scheme: str) -> dict[str, str]:
    light, _, dark = SHEET.partition("@media (prefers-color-scheme: dark)")
    found = dict(TOKEN.findall(light))
    return found if scheme == "light" else {**found, **dict(TOKEN.findall(dark.partition("/* ---------- Ground")[0]))}


def luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_tokens_that_meet_have_contrast(scheme: str, front: str, ground: str, least: float) -> None:
    known = tokens(scheme)
    assert contrast(known[front], known[ground]) >= least


def test_directions_are_logical_so_that_right_to_left_is_free() -> None:
    rules = re.sub(r"@media[^{]*\{", "", SHEET)
    assert [found[0].strip() for found in PHYSICAL.finditer(rules)] == []


def test_the_sheet_and_the_icon_name_no_other_site() -> None:
    assert "url(" not in SHEET
    assert "@import" not in SHEET
    icon = (STATIC / "img" / "mark.svg").read_text()
    assert re.findall(r"https?://[^\"]+", icon) == ["http://www.w3.org/2000/svg"]
