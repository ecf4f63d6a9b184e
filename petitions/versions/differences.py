"""What was changed from one version of a text to the next, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from flask_babel import gettext as _

from core import languages
from petitions.versions.models import PetitionVersion

SAME, GONE, NEW = "same", "gone", "new"


@dataclass(frozen=True)
class Change:
    """A part of the text that was changed, and its lines with what became of each."""

    title: str
    lines: list[tuple[str, str]]


def between(before: PetitionVersion, after: PetitionVersion) -> list[Change]:
    """What differs, part by part; parts that stayed are left out."""
    old, new = _parts(before), _parts(after)
    return [Change(title, list(_lines(old[title], new[title]))) for title in new if old[title] != new[title]]


def _parts(version: PetitionVersion) -> dict[str, str]:
    text = version.texts[version.language]
    first = ", ".join(filter(None, (version.first_signatory, version.first_signatory_role)))
    return {
        _("Title"): text["title"], _("What it asks for"): text["ask"], _("To"): _addressed(version.recipients),
        _("The letter"): text["letter"], _("First signatory"): first, _("Language"): languages.name_of(version.language),
    }  # fmt: skip


def _addressed(recipients: list[dict[str, Any]]) -> str:
    """Each recipient on a line of their own, as the letter names them."""
    order = ("name", "role", "organisation", "address", "country")
    return "\n".join(
        ", ".join(", ".join(filter(None, (one[name] for name in order))).splitlines()) for one in recipients
    )


def _lines(old: str, new: str) -> Iterator[tuple[str, str]]:
    before, after = old.splitlines(), new.splitlines()
    for kind, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from ((SAME, line) for line in before[start:end])
        else:
            yield from ((GONE, line) for line in before[start:end] if line)
            yield from ((NEW, line) for line in after[first:last] if line)
