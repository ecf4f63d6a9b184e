"""Which scripts a PDF of this machine can show: those of the fonts shipped in `fonts/`, and those of the system's."""

import unicodedata
from pathlib import Path

from flask_babel import gettext as _

FOLDER = Path(__file__).parent.parent / "fonts"
CORE, CJK, SYMBOLS = "fonts-noto-core", "fonts-noto-cjk", "fonts-noto-color-emoji"  # Debian's packages
SHIPPED = {"Noto Sans": "Latin, Greek and Cyrillic", "Noto Naskh Arabic": "Arabic", "Noto Sans Devanagari": "Hindi"}
WANTED = {
    **SHIPPED, "Noto Sans Hebrew": "Hebrew", "Noto Sans CJK SC": "Chinese, Japanese and Korean",
    "Noto Sans Georgian": "Georgian", "Noto Sans Armenian": "Armenian",
}  # fmt: skip
EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC", "KANGXI"}


def missing() -> list[str]:
    """Scripts that neither a shipped nor an installed font draws; Debian's fonts-noto-core and -cjk bring the rest."""
    from typst import Fonts  # seven megabytes that only the doctor needs; PDFs are set in a process of their own

    known = set(Fonts(font_paths=[FOLDER]).families())
    return [script for family, script in WANTED.items() if family not in known]


def advice(letters: str) -> str:
    """What to say where no font here draws these letters: of which script they are, and what to install."""
    letter = next((one for one in letters if unicodedata.category(one)[0] != "M"), letters[:1])
    return _(
        "No font on this machine draws the letter U+%(code)s (script: %(script)s). Install %(package)s, or their like, on the "
        "machine that makes the PDF, and make it again; a file of another type needs no font.",
        code=f"{ord(letter):04X}",
        script=script_of(letter),
        package=package_of(letter),
    )


def script_of(letter: str) -> str:
    """The script's name, as Unicode begins the letter's own: Kawi, Georgian."""
    if unicodedata.category(letter).startswith("S"):
        return _("signs and pictures")
    named = unicodedata.name(letter, "").split(" ")[0]
    if named in EAST_ASIAN:
        return _("Chinese, Japanese and Korean")
    return named.capitalize() or _("unknown")


def package_of(letter: str) -> str:
    """Debian's package of fonts in which the letter is most likely found."""
    if unicodedata.name(letter, "").split(" ")[0] in EAST_ASIAN:
        return CJK
    return SYMBOLS if unicodedata.category(letter).startswith("S") else CORE
