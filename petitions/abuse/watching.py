"""The watch: each minute the worker looks at the last hour of each open petition, and tells organisers of a wave.

Submissions are opened in memory; of a person nothing is kept but a random cluster id on rows that are there already."""

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, null, select, text, update

from core import clock
from core.alarms import sound
from core.db import db
from core.mailboxes.mail_domains import above
from petitions.abuse import signals, waves
from petitions.abuse.models import DomainRule, Signal
from petitions.abuse.waves import Base, Finding, Look
from petitions.counting import tallies
from petitions.models import Petition, Signature, Submission
from petitions.persons import UNREADABLE, opener
from petitions.states import HeldReason, PetitionState, RuleAction, SignalKind, SignatureState, SubmissionState

LOOKED_AT = timedelta(minutes=60)
MOST = 20_000  # submissions of a petition in one look, the newest
HISTORY = 3_000  # earlier signatures that tell what is usual
PRIOR = 200  # signatures that count for what is usual anywhere
REMEMBERED = timedelta(minutes=30)
LOCK = 7_310_002  # PostgreSQL advisory lock: two workers must not tell of one wave twice
STAMPED_AT_ONCE = 1000
NAMED = (SignalKind.COUNTRY_SHARE, SignalKind.DOMAIN_BURST, SignalKind.VELOCITY)  # the mail may say of what it is
UNJUDGED = Submission.state != SubmissionState.DISCARDED  # an organiser has said what those are
SENT_HERE = Submission.import_id.is_(None)  # a file that was taken in is no wave
SILENT = {"synchronize_session": False}
_bases: dict[str, tuple[datetime, Base]] = {}  # by public id; shares and counts, nobody's data
_seen: dict[str, dict[int, Look]] = {}  # by public id: the last hour's, so that each is opened once and not each minute


def look_for_waves() -> bool:
    """The worker's tick. Commits; never busy, as a wave that lasts is found each time."""
    if not current_app.config["UNDERSIGNED"].limits:
        return False
    unended = Petition.closes_at.is_(None) | (Petition.closes_at > clock.now())
    openly = (Petition.state == PetitionState.OPEN, Petition.invited_only.is_(False), unended)
    petitions = db.session.scalars(select(Petition).where(*openly)).all()
    for gone in _seen.keys() - {petition.public_id for petition in petitions}:
        del _seen[gone]
    for petition in petitions:
        _look(petition)
    db.session.commit()
    return False


def _look(petition: Petition) -> None:
    """One petition's last hour."""
    looks, found = _looks(petition), []
    if len(looks) >= waves.FEWEST:
        known = {(signal.kind, signal.value): signal.cluster_id for signal in signals.live_of(petition.id)}
        quiet = signals.muted(petition.id)
        found = [
            one for one in waves.find(looks, _base(petition), known) if _key(one) not in quiet and not _trusted(one)
        ]
    for finding in found:
        _tell(petition, finding)
    told = {look.id for finding in found for look in finding.looks}
    for signal in signals.live_of(petition.id):
        sends = signals.networks_of(signal).__contains__
        rest = (look for look in looks if look.cluster_id is None and look.id not in told)
        _stamp(signal, [look for look in rest if signals.belongs(look, signal, sends)])
        db.session.commit()


def _looks(petition: Petition) -> list[Look]:
    """The last hour's submissions, each mailbox once; data of confirmed ones stands with their signatures."""
    blob = func.coalesce(Submission.blob, Signature.blob).label("blob")
    columns = (
        Submission.id, Submission.public_id, Submission.received_at, Submission.country, Submission.bucket,
        Submission.cluster_id, Submission.email_index, Submission.key_id, Submission.data_key_id,
    )  # fmt: skip
    lately = (Submission.petition_id == petition.id, Submission.received_at > clock.now() - LOOKED_AT)
    query = select(*columns, blob).outerjoin(Signature, Signature.public_id == Submission.public_id)
    rows = db.session.execute(
        query.where(*lately, SENT_HERE, UNJUDGED, blob.is_not(None)).order_by(Submission.id.desc()).limit(MOST)
    ).all()
    once = {row.email_index or row.public_id: row for row in rows}
    known, again, fresh = _seen.get(petition.public_id, {}), {}, []
    for row in once.values():
        if look := known.get(row.id):
            again[row.id] = look if look.cluster_id == row.cluster_id else replace(look, cluster_id=row.cluster_id)
        else:
            fresh.append(row)
    _seen[petition.public_id] = {**again, **{look.id: look for look in _opened(petition, fresh)}}
    return list(_seen[petition.public_id].values())


def _opened(petition: Petition, rows: Iterable[Any]) -> Iterable[Look]:
    open_row = opener(petition)
    for row in rows:
        try:
            person = open_row(str(row.key_id), str(row.data_key_id), row.blob, row.public_id)
            yield signals.look_at(row, person)
        except UNREADABLE:
            continue  # held as unreadable, for an organiser to see


def _base(petition: Petition) -> Base:
    """What is usual on the petition, half an hour old at most."""
    until, base = _bases.get(petition.public_id, (clock.now(), Base()))
    if until <= clock.now() or until > clock.now() + REMEMBERED:
        base = _measure(petition)
        _bases[petition.public_id] = (clock.now() + REMEMBERED, base)
    return base


def _measure(petition: Petition) -> Base:
    """From signatures that were made before the last hours and belong to no wave."""
    moment = clock.now()
    blob = (Signature.public_id, Signature.key_id, Signature.data_key_id, Signature.blob, Signature.country)
    nothing = (null().label("bucket"), Signature.cluster_id, Signature.signed_at.label("received_at"))
    usual = (
        Signature.petition_id == petition.id, Signature.state == SignatureState.VALID, Signature.blob.is_not(None),
        Signature.cluster_id.is_(None), Signature.signed_at < moment - 2 * LOOKED_AT,
    )  # fmt: skip
    query = select(Signature.id, *blob, *nothing).where(*usual).order_by(Signature.id.desc()).limit(HISTORY)
    looks = list(_opened(petition, db.session.execute(query).all()))
    domains, counted = Counter(look.domain for look in looks), tallies.numbers(petition.id)
    plain, number = Base(), len(looks)
    return Base(
        signatures=counted.total, countries=counted.by_country,
        domains={domain: count / (number + PRIOR) for domain, count in domains.items()},
        own=_share(plain.own, [bool(look.own) for look in looks if look.own is not None]),
        alias=_share(plain.alias, [look.alias for look in looks]), odd=_share(plain.odd, [look.odd for look in looks]),
        hourly=_hourly(petition, moment),
    )  # fmt: skip


def _share(usual: float, known: Sequence[bool]) -> float:
    return (sum(known) + PRIOR * usual) / (len(known) + PRIOR)


def _hourly(petition: Petition, moment: datetime) -> float:
    """Submissions an hour over the day before the last hour, or since the petition opened."""
    begin = max(moment - timedelta(hours=25), petition.opens_at or petition.created_at)
    hours = max((moment - LOOKED_AT - begin) / timedelta(hours=1), 1.0)
    day = (Submission.petition_id == petition.id, Submission.received_at.between(begin, moment - LOOKED_AT))
    return (db.session.scalar(select(func.count()).where(*day, SENT_HERE)) or 0) / hours


def _trusted(finding: Finding) -> bool:
    """Whether an organiser trusts the domain whose burst this is."""
    if finding.kind not in (SignalKind.DOMAIN_BURST, SignalKind.VELOCITY):
        return False
    trust = (DomainRule.domain.in_(list(above(finding.value))), DomainRule.action == RuleAction.TRUST)
    return db.session.scalar(select(DomainRule.domain).where(*trust).limit(1)) is not None


def _key(finding: Finding) -> tuple[SignalKind, str]:
    return finding.kind, finding.value


def _tell(petition: Petition, finding: Finding) -> None:
    """A new signal with its alarm, or the same wave going on; its rows are stamped. Commits."""
    _lock()
    live = [signal for signal in signals.live_of(petition.id) if (signal.kind, signal.value) == _key(finding)]
    first, last = min(look.at for look in finding.looks), max(look.at for look in finding.looks)
    if live:
        signal = live[0]
        signal.last_at, signal.expected = max(signal.last_at, last), signal.expected + finding.expected / 60
    else:
        signal = Signal(
            petition_id=petition.id, kind=finding.kind, value=finding.value, cluster_id=secrets.token_hex(8),
            first_at=first, last_at=last, submissions=0, expected=finding.expected,
        )  # fmt: skip
        db.session.add(signal)
        db.session.flush()
        _alarm(petition, signal, len(finding.looks))
    _stamp(signal, [look for look in finding.looks if look.cluster_id is None])
    db.session.commit()


def _alarm(petition: Petition, signal: Signal, number: int) -> None:
    named = signal.kind in NAMED and signal.value
    told = {"of": signal.value} if named else {}
    sound("signal", signal.cluster_id, petition=petition.slug, signal=signal.kind.value, signatures=number, **told)


def _stamp(signal: Signal, looks: Sequence[Look]) -> None:
    """The cluster id onto submissions that have none, and onto the signatures that have come of the cluster's."""
    ids = [look.id for look in looks]
    for start in range(0, len(ids), STAMPED_AT_ONCE):
        bare = (Submission.id.in_(ids[start : start + STAMPED_AT_ONCE]), Submission.cluster_id.is_(None))
        stamped = update(Submission).where(*bare).values(cluster_id=signal.cluster_id)
        db.session.execute(stamped, execution_options=SILENT)
    if signals.holds(signal):
        _hold_unmailed(signal)
    mine = select(Submission.public_id).where(Submission.cluster_id == signal.cluster_id)
    came = (Signature.cluster_id.is_(None), Signature.petition_id == signal.petition_id, Signature.public_id.in_(mine))
    db.session.execute(update(Signature).where(*came).values(cluster_id=signal.cluster_id), execution_options=SILENT)
    number = select(func.count()).where(Submission.cluster_id == signal.cluster_id)
    signal.submissions = db.session.scalar(number) or 0


def _hold_unmailed(signal: Signal) -> None:
    """Who waits for the slower mail is as good as new: held, too. A mail that was promised is let go."""
    waits = (Submission.state == SubmissionState.MAILED, Submission.mails == 0, Submission.released_at.is_(None))
    held = {"state": SubmissionState.HELD, "held_reason": HeldReason.WAVE, "held_at": clock.now()}
    own = (Submission.cluster_id == signal.cluster_id, *waits)
    db.session.execute(update(Submission).where(*own).values(held), execution_options=SILENT)


def _lock() -> None:
    """One teller at a time: who comes second finds the first one's signal."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    else:
        db.session.execute(update(Signal).where(Signal.id == 0).values(submissions=0))  # takes SQLite's write lock
