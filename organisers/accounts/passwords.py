"""Which passwords are refused: short ones, the commonest that ever leaked, and those made of what anybody knows."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _

from organisers.accounts.setup import SHORTEST_PASSWORD

COMMON = Path(__file__).parent / "common_passwords.txt"
FEWEST_CHARACTERS = 5  # different ones
FEWEST_OWN = 8  # characters besides what anybody knows
ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")


class PasswordRefused(ValueError):
    """Too short a password, or one that would be guessed; the text says what to change."""


def check_password(password: str, *, email: str) -> None:
    """Raises PasswordRefused for a password that is guessed before long."""
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordRefused(_("Use a password of at least %(length)s characters.", length=SHORTEST_PASSWORD))
    plain = password.casefold()
    if plain in _common() or ENDS.sub("", plain) in _common() or _repeats(plain):
        raise PasswordRefused(
            _("Many people use this password, so it is tried first. A sentence of your own is better.")
        )
    for word in _known(email):
        plain = plain.replace(word, "")
    if len(plain) < FEWEST_OWN:
        raise PasswordRefused(
            _("This password is made of your address or of the site's name. A sentence of your own is better.")
        )


def _repeats(plain: str) -> bool:
    """Few different characters, or one short piece again and again."""
    return len(set(plain)) < FEWEST_CHARACTERS or re.fullmatch(r"(.{1,11}?)\1+", plain, re.DOTALL) is not None


def _known(email: str) -> Iterator[str]:
    """Words that stand in the address, or name the site: the longest first, so that none leaves half of another."""
    settings = current_app.config["UNDERSIGNED"]
    words = re.split(r"[\W_]+", f"{email} {settings.organisation} {settings.server_url} undersigned".casefold())
    yield from sorted({email.casefold(), *(word for word in words if len(word) > 3)}, key=len, reverse=True)


@cache
def _common() -> frozenset[str]:
    """The 3,000 commonest, and those of twelve characters and more among the 30,000 commonest. Source: docs/adr/0023."""
    return frozenset(COMMON.read_text().split())
