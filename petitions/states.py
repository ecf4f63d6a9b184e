"""The words that a petition's rows may hold: states, choices, purposes."""

import enum


class PetitionState(enum.StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    DELIVERED = "delivered"
    ANSWERED = "answered"
    VICTORY = "victory"
    ARCHIVED = "archived"


class Visibility(enum.StrEnum):
    RECIPIENTS = "recipients"
    PUBLIC = "public"
    COUNTED = "counted"


class SubmissionState(enum.StrEnum):
    RECEIVED = "received"
    MAILED = "mailed"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    HELD = "held"


class SignatureState(enum.StrEnum):
    VALID = "valid"
    WITHDRAWN = "withdrawn"
    INVALIDATED = "invalidated"
    ERASED = "erased"


class Method(enum.StrEnum):
    WEB = "web"
    PAPER = "paper"
    NOTABLE = "notable"


class ExitReason(enum.StrEnum):
    WITHDRAWN = "withdrawn"
    DISOWNED = "disowned"


class Purpose(enum.StrEnum):
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    DISOWN = "disown"


LISTED = (Visibility.RECIPIENTS, Visibility.PUBLIC)
HIDDEN_STATES = (PetitionState.DRAFT, PetitionState.SCHEDULED, PetitionState.ARCHIVED)
