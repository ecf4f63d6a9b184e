"""What moderation pages show: the choices of an invalidation, and how a condition reads."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from core import clock, countries, relay, switches
from core.db import db
from core.limits import TOR
from donations.guards import fraud, waves
from organisers.accounts.scope import Cases, among
from petitions.abuse import held_services, invalidation_services, signals
from petitions.abuse.models import Invalidation, Signal
from petitions.abuse.waves import DISPOSABLE, LOOK_ALIKES, TAGGED
from petitions.models import Petition, Submission
from petitions.states import HeldReason, SignalKind

NETWORKS_SHOWN = 20
FEWEST = 5  # signatures of one network: fewer are nobody's wave

ALIASES: Mapping[str, Callable[[], str]] = {
    LOOK_ALIKES: lambda: _("Addresses or names in letters that imitate others"),
    TAGGED: lambda: _("Unusually many addresses with tags and dots"),
    "": lambda: _("Many addresses made from one another"),
}
KINDS: Mapping[SignalKind, Callable[[str], str]] = {
    SignalKind.COUNTRY_SHARE: lambda value: _("Unusually many from %(country)s", country=countries.name_of(value)),
    SignalKind.DOMAIN_BURST: lambda value: (
        _("Unusually many addresses that are thrown away after minutes")
        if value == DISPOSABLE
        else _("Unusually many with an address at %(domain)s", domain=value)
    ),
    SignalKind.NAME_REPETITION: lambda value: _("The same name again and again"),
    SignalKind.VELOCITY: lambda value: (
        _("Very many with an address at %(domain)s; nothing else about them is strange", domain=value)
        if value
        else _("Very many in a short time from a few networks")
    ),
    SignalKind.ALIAS_RATE: lambda value: ALIASES.get(value, ALIASES[""])(),
}
REASONS = {
    HeldReason.REFUSED: lambda: _("Refused by the mailbox’s server"),
    HeldReason.TRAP: lambda: _("Filled in a field that people do not see"),
    HeldReason.DISPOSABLE: lambda: _("Address that is thrown away after minutes"),
    HeldReason.NO_MAIL_SERVER: lambda: _("Mail domain that takes no mail"),
    HeldReason.DOMAIN: lambda: _("Mail domain that an organiser holds"),
    HeldReason.BUCKET: lambda: _("Very many alike from one network"),
    HeldReason.VELOCITY: lambda: _("Very many alike within a day"),
    HeldReason.WAVE: lambda: _("Part of a wave"),
}


class MailingGoesOn(ValueError):
    """The breaker has not stopped mailing, or somebody has switched it on since."""


def title_of(signal: Signal) -> str:
    """What a signal is of, in words."""
    return KINDS[signal.kind](signal.value)


def reason_of(reason: HeldReason) -> str:
    return REASONS[reason]() if reason in REASONS else reason.value


def networks_of(petition: Petition) -> list[tuple[str, str]]:
    """(bucket, words) of the last day's networks with the most submissions; nobody can tell from it which network it is."""
    number = func.count().label("number")
    petition_id = func.coalesce(
        Submission.petition_id, 0
    )  # no index of the petition's million: that of buckets is a day's
    mine = (petition_id == petition.id, Submission.bucket.is_not(None))
    rows = select(Submission.bucket, number).where(*mine).group_by(Submission.bucket).having(number >= FEWEST)
    found = db.session.execute(rows.order_by(number.desc()).limit(NETWORKS_SHOWN)).all()
    return [
        (str(bucket), _("%(name)s: %(number)s signings in a day", name=_named(str(bucket)), number=n))
        for bucket, n in found
    ]


def waves_of(petition: Petition) -> list[tuple[str, str]]:
    """(cluster id, words) of the petition's signals, the newest first."""
    mine = select(Signal).where(Signal.petition_id == petition.id).order_by(Signal.id.desc())
    found = db.session.scalars(mine.limit(NETWORKS_SHOWN)).all()
    return [(one.cluster_id, f"{title_of(one)} ({clock.day(one.first_at.date())})") for one in found]


def words_of(petition: Petition, condition: Mapping[str, str]) -> list[tuple[str, str]]:
    """(criterion, value) of a condition, as an organiser reads it."""
    waves = dict(waves_of(petition))
    words: dict[str, tuple[str, Any]] = {
        "since": (_("Signed from"), lambda value: _moment(petition, value)),
        "until": (_("Signed before"), lambda value: _moment(petition, value)),
        "country": (_("Country"), countries.name_of),
        "source": (_("Source"), str),
        "domain": (_("Mail domain"), str),
        "family": (_("Addresses made like this one"), str),
        "name": (_("Name"), str),
        "bucket": (_("Network"), _named),
        "cluster": (_("Wave"), lambda value: waves.get(value, value)),
    }
    return [(words[name][0], words[name][1](value)) for name, value in condition.items()]


def signal_rows(signal_list: Sequence[Signal]) -> list[dict[str, Any]]:
    """Each signal with its petition, its words, and how many are held and confirmed."""
    numbers = signals.numbers_of(signal_list)
    return [
        {
            "signal": signal, "title": title_of(signal), "petition": db.session.get_one(Petition, signal.petition_id),
            "held": numbers[signal.cluster_id][0], "confirmed": numbers[signal.cluster_id][1],
        }
        for signal in signal_list
    ]  # fmt: skip


def attention(cases: Cases) -> dict[str, Any]:
    """For the dashboard, of these cases: signals that wait, petitions with a held queue; and whom the breaker's refusals have
    cost a mail, None where it has not stopped mailing."""
    since = relay.broke_over()
    refused = None if since is None else held_services.refused_since(since)
    held = among(held_services.waiting(), cases, lambda row: row.petition.case_id)
    return {"signals": signal_rows(signals.unsettled(cases)), "held": held, "refused": refused}


def card_testing() -> dict[str, Sequence[Any]]:
    """Waves of declined cards and warnings of fraud that nobody has seen to."""
    return {"waves": waves.unsettled(), "warnings": fraud.unsettled()}


def mail_again(*, actor: str) -> int:
    """Turns mailing on after the breaker, and writes once more to whom it had counted as refused. How many.

    Raises MailingGoesOn where the breaker does not stop it, or no more."""
    since = relay.broke_over()
    if since is None:
        raise MailingGoesOn
    number = held_services.release_refused(since, actor=actor)
    switches.turn(actor=actor, mailing=True)
    return number


def start(found: Invalidation, *, actor: str, reason: str) -> None:
    """Starts an invalidation; the signal whose wave it takes out is settled by it. Raises NoReason, MovedOn."""
    cluster = invalidation_services.condition_of(found).get("cluster")
    invalidation_services.start(found, actor=actor, reason=reason)
    if cluster:
        signals.settle_cluster(cluster, actor=actor)


def dismiss(signal: Signal, *, actor: str) -> int:
    """Calls a signal no wave: lets go what was held for it. How many. Raises SettledAlready."""
    petition = db.session.get_one(Petition, signal.petition_id)
    released = held_services.release_wave(petition, signal.cluster_id)
    signals.dismiss(signal, actor=actor)
    return released


def _named(bucket: str) -> str:
    return _("Tor") if bucket == TOR else _("Network %(mark)s", mark=bucket[:6])


def _moment(petition: Petition, value: str) -> str:
    return clock.in_zone(datetime.fromisoformat(value), petition.time_zone)
