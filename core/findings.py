"""What somebody finds who looks the site over: the doctor, or the office before going live."""

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: how it is and, where it is not well, what to do about it."""

    level: Level
    about: str
    sentence: str


def well(about: str, sentence: str) -> Finding:
    return Finding(Level.OK, about, sentence)


def warning(about: str, sentence: str) -> Finding:
    return Finding(Level.WARNING, about, sentence)


def failed(about: str, sentence: str) -> Finding:
    return Finding(Level.FAILED, about, sentence)
