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
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"
    IMPORTED = "imported"


class SignatureState(enum.StrEnum):
    VALID = "valid"
    WITHDRAWN = "withdrawn"
    INVALIDATED = "invalidated"
    ERASED = "erased"


class Method(enum.StrEnum):
    """How somebody signed. `imported` stands in the tallies only: who was taken over has no signature here yet."""

    WEB = "web"
    PAPER = "paper"
    NOTABLE = "notable"
    IMPORTED = "imported"


class ExitReason(enum.StrEnum):
    WITHDRAWN = "withdrawn"
    DISOWNED = "disowned"
    ERASED = "erased"


class Purpose(enum.StrEnum):
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    DISOWN = "disown"
    MANAGE = "manage"


class HeldReason(enum.StrEnum):
    """Why a submission was set aside without a mail; REVIEWED ones wait for an organiser, the others for nobody."""

    UNREADABLE = "unreadable"
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    MAIL_LIMIT = "mail_limit"
    REFUSED = "refused"
    TRAP = "trap"
    DISPOSABLE = "disposable"
    NO_MAIL_SERVER = "no_mail_server"
    DOMAIN = "domain"
    BUCKET = "bucket"
    VELOCITY = "velocity"
    WAVE = "wave"


class RuleAction(enum.StrEnum):
    HOLD = "hold"
    TRUST = "trust"


class SignalKind(enum.StrEnum):
    COUNTRY_SHARE = "country_share"
    DOMAIN_BURST = "domain_burst"
    NAME_REPETITION = "name_repetition"
    VELOCITY = "velocity"
    ALIAS_RATE = "alias_rate"


class InvalidationState(enum.StrEnum):
    PREVIEW = "preview"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


class ImportState(enum.StrEnum):
    """`counting`: a worker tells what would come in; `waiting`: for an organiser's yes to that."""

    COUNTING = "counting"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


class ImportOrigin(enum.StrEnum):
    """The system that a file of signatures was exported from."""

    CHANGE_ORG = "change_org"
    ACTION_NETWORK = "action_network"
    CIVICRM = "civicrm"
    SPEAKOUT = "speakout"
    OTHER = "other"


class Refusal(enum.StrEnum):
    """Why a line of an imported file stays out."""

    QUOTES = "quotes"
    COLUMNS = "columns"
    NO_NAME = "no_name"
    NAME = "name"
    NO_COUNTRY = "no_country"
    COUNTRY = "country"
    EMAIL = "email"
    TEXT = "text"
    DATE = "date"
    FUTURE = "future"
    UNCONFIRMED = "unconfirmed"
    REPEATED = "repeated"
    IMPORTED = "imported"
    SIGNED = "signed"
    DISOWNED = "disowned"


class InvitationKind(enum.StrEnum):
    """`member` signs a closed letter; a notable and an organisation stand on an open petition beside its count."""

    MEMBER = "member"
    NOTABLE = "notable"
    ORGANISATION = "organisation"


class InvitationState(enum.StrEnum):
    PROPOSED = "proposed"
    INVITED = "invited"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    REJECTED = "rejected"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


LISTED = (Visibility.RECIPIENTS, Visibility.PUBLIC)
HIDDEN_STATES = (
    PetitionState.DRAFT,
    PetitionState.SCHEDULED,
)  # an archived one that was never published is hidden, too
REVIEWED = tuple(HeldReason)[tuple(HeldReason).index(HeldReason.TRAP) :]
RELEASABLE = (HeldReason.REFUSED, *REVIEWED)  # an organiser may let go; nobody waits for a judgement of the first
