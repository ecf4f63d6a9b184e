"""An update on its way: its mails are promised a batch at a time, with the cursor, in one commit; so a kill costs nothing.

Only as many are promised as may soon go: whoever leaves, pauses or cancels meets few that wait. Each mailbox gets one."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select, update

from cases.models import Case, Event, EventKind
from core import bounces, clock, mail, relay, unsubscribes
from core.bulk import Addressee
from core.bundle import bundled
from core.db import db, insert
from core.vault import SITE, vault
from petitions.models import Petition
from petitions.updates import audience, outbox, services, words
from petitions.updates.counting import tell
from petitions.updates.models import Audience, Update, UpdateKind, UpdateMark, UpdateState

S = UpdateState
WINDOW = 1000  # mails of updates that wait at a time
AT_ONCE = 100
PHASES: dict[Audience, tuple[str, ...]] = {
    Audience.SIGNATORIES: ("signatories",),
    Audience.DONORS: ("donors",),
    Audience.EVERYBODY: ("signatories", "donors"),
}
UNSYNCED = {"synchronize_session": False}
FROZEN = select(Petition.id).join(Petition.case).where(Case.frozen_at.is_not(None))  # of these nothing is sent


class Reader(NamedTuple):
    """How one part of an audience is read; `check` names, in core.bulk's table, the last look before each mail."""

    ahead: Callable[[Update, int, int], tuple[int, list[Addressee]]]
    links: Callable[[Update, Sequence[Addressee]], dict[int, dict[str, str]]]
    check: str
    donor: bool = False


def begin(found: Update) -> None:
    """A scheduled update whose time has come; its news stands on the case's page from now on. Raises MovedOn."""
    services.move(found, S.SENDING, phase=0, cursor=0)
    if found.headline:
        day = clock.now().astimezone(ZoneInfo(found.petition.time_zone)).date()
        news = {"kind": EventKind.MESSAGE, "happened_on": day, "title": found.headline, "body": found.original["body"]}
        db.session.add(Event(case_id=found.petition.case_id, **news))
        db.session.flush()


def fill(found: Update, readers: Mapping[str, Reader]) -> bool:
    """Promises as many mails as there is room for, a commit a batch; whether any were."""
    moved = False
    while found.state == S.SENDING and found.phase < len(PHASES[found.audience]) and outbox.waiting() < WINDOW:
        moved = True
        if not _batch(found, readers[PHASES[found.audience][found.phase]]):
            db.session.rollback()
            return False  # somebody has moved it
    return moved


def end(found: Update) -> bool:
    """Ends an update of which nothing is ahead and nothing waits; whether it was so."""
    if found.state != S.SENDING or found.phase < len(PHASES[found.audience]) or not outbox.is_empty(found):
        return False
    services.move(found, S.SENT, ended_at=clock.now())
    return True


def _batch(found: Update, reader: Reader) -> bool:
    """One batch, committed. What it reads is opened before the transaction begins; who has left since is met by the check."""
    last, addressees = reader.ahead(found, found.cursor, AT_ONCE)
    vault().prepare(SITE)
    ahead = (found.phase, last) if last else (found.phase + 1, 0)
    here = (
        Update.id == found.id,
        Update.state == S.SENDING,
        Update.phase == found.phase,
        Update.cursor == found.cursor,
        Update.petition_id.not_in(FROZEN),
    )
    moved = update(Update).where(*here).values(phase=ahead[0], cursor=ahead[1]).returning(Update.id)
    if db.session.execute(moved, execution_options=UNSYNCED).scalar() is None:
        return False
    chosen, skipped = _choose(found, addressees)
    with bundled():
        _promise(found, reader, chosen)
    tell(found.id, skipped)
    db.session.execute(
        update(Update).where(Update.id == found.id).values(promised=Update.promised + len(chosen)),
        execution_options=UNSYNCED,
    )
    db.session.commit()
    db.session.refresh(found)
    return True


def _choose(found: Update, addressees: Sequence[Addressee]) -> tuple[dict[bytes, Addressee], Counter[str]]:
    """Whom this batch writes to, by the mailbox's mark in this petition's list, and why the others are left out."""
    name, site = audience.list_name(found.petition), {one.row: unsubscribes.digest_of(one.email) for one in addressees}
    marks = {one.row: unsubscribes.digest_of(one.email, name) for one in addressees}
    known = [*site.values(), *marks.values()]
    stopped, refusing, reached = unsubscribes.among(known), bounces.among(known), _reached(found, marks.values())
    chosen: dict[bytes, Addressee] = {}
    skipped: Counter[str] = Counter()
    for one in addressees:
        mark = marks[one.row]
        both = {mark, site[one.row]}
        why = {
            "unsubscribed": bool(both & stopped), "bounced": bool(both & refusing),
            "twice": mark in chosen or reached.get(mark) == found.id, "this_week": mark in reached,
        }  # fmt: skip
        reason = next((name for name, holds in why.items() if holds), None)
        if reason is None:
            chosen[mark] = one
        else:
            skipped[reason] += 1
    return chosen, skipped


def _reached(found: Update, marks: Iterable[bytes]) -> dict[bytes, int]:
    """The mailboxes that this update, or another of the petition within a week, was promised to; an approved one asks only
    for itself."""
    if found.kind != UpdateKind.WRITTEN:
        return {}
    recent = (UpdateMark.petition_id == found.petition_id, UpdateMark.promised_at > clock.now() - services.WEEK)
    query = select(UpdateMark.mark, UpdateMark.update_id).where(*recent, UpdateMark.mark.in_(list(marks)))
    if found.approved_by is not None:
        query = query.where(UpdateMark.update_id == found.id)
    return {bytes(mark): update_id for mark, update_id in db.session.execute(query)}


def _promise(found: Update, reader: Reader, chosen: Mapping[bytes, Addressee]) -> None:
    if not chosen:
        return
    server, name = current_app.config["UNDERSIGNED"].server_url, audience.list_name(found.petition)
    links = reader.links(found, list(chosen.values()))
    for language in found.texts:
        words.text_of(found, language)  # a broken text stops the update here, and not each of its mails for a week
    for mark, one in chosen.items():
        language = one.language if one.language in found.texts else found.language
        every = {
            "list": f"{server}/unsubscribe/updates/{unsubscribes.token_of(one.email, name)}",
            "unsubscribe": f"{server}/unsubscribe/{unsubscribes.token_of(one.email)}",
        }
        mail.promise(
            "update", to=one.email, key=outbox.key(found, mark), language=language, priority=relay.UPDATE,
            context={
                "language": language, "donor": reader.donor, "asked": found.kind not in audience.TOLD_ALL,
                "links": {**links.get(one.row, {}), **every},
            },
            teller=(words.TELLER, {"update": found.id, "language": language}),
            bulk=(reader.check, {"update": found.id, "row": one.row, "links": links.get(one.row, {})}),
            otherwise=("petitions.update_unsent", {"update": found.id}),
        )  # fmt: skip
    if found.kind == UpdateKind.WRITTEN:
        _remember(found, list(chosen), clock.to_hour(clock.now()))


def _remember(found: Update, marks: Sequence[bytes], hour: datetime) -> None:
    """To the hour: nothing finer is needed to tell a week."""
    values = [
        {"petition_id": found.petition_id, "mark": mark, "update_id": found.id, "promised_at": hour} for mark in marks
    ]
    row = insert(UpdateMark)
    newest = {"update_id": row.excluded.update_id, "promised_at": row.excluded.promised_at}
    db.session.execute(row.on_conflict_do_update(index_elements=["petition_id", "mark"], set_=newest), values)
