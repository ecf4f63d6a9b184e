"""The words that a delivery's rows may hold, and what may become of a delivery."""

import enum


class DeliveryState(enum.StrEnum):
    """`waiting` for a second person's yes; `queued` for a worker; `ready`: its pack can be fetched; `expired`: the pack has
    gone, what it was can still be checked."""

    WAITING = "waiting"
    QUEUED = "queued"
    MAKING = "making"
    READY = "ready"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    FAILED = "failed"


class Protection(enum.StrEnum):
    """How the pack is closed besides the seal under which the site keeps it."""

    NONE = "none"
    PASSWORD = "password"  # noqa: S105 - a choice's name
    AGE = "age"


class HandedHow(enum.StrEnum):
    IN_PERSON = "in_person"
    POST = "post"
    EMAIL = "email"
    PLATFORM = "platform"
    OTHER = "other"


class PaperKind(enum.StrEnum):
    """What came back: proof that the list was received, or the official's answer."""

    RECEIPT = "receipt"
    REPLY = "reply"


class SampleState(enum.StrEnum):
    """`asked` by an official, `approved` by an organiser, `asking`: mails are out; `closed`: its answers are counted."""

    ASKED = "asked"
    ASKING = "asking"
    CLOSED = "closed"
    REFUSED = "refused"


S = DeliveryState
TRANSITIONS: dict[DeliveryState, tuple[DeliveryState, ...]] = {
    S.WAITING: (S.QUEUED, S.REFUSED, S.CANCELLED),
    S.QUEUED: (S.MAKING, S.CANCELLED, S.FAILED),
    S.MAKING: (S.READY, S.CANCELLED, S.FAILED),
    S.READY: (S.EXPIRED,),
    S.EXPIRED: (), S.CANCELLED: (), S.REFUSED: (), S.FAILED: (),
}  # fmt: skip
PUBLISHED = (S.READY, S.EXPIRED)  # what the check page knows
UNDER_WAY = (S.QUEUED, S.MAKING)
