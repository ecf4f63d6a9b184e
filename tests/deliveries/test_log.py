"""The log follows the signatures: who comes, who leaves, who changes; beside others, and also when it is killed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from core import clock, slow_jobs
from core.db import db
from core.jobs import Job, run_pending
from core.vault import vault
from deliveries.log import chunks, jobs, leaves, lines, services
from deliveries.log.models import LogCheckpoint, LogWaiting
from petitions.keeping import erasure
from petitions.list_services import signatures_for
from petitions.models import Petition, Signature
from petitions.states import SignatureState, Visibility
from tests.conftest import BASE
from tests.deliveries.sealed_signatures import add_signature, check_checkpoints, log_of, logged, recomputed, reseal
from tests.factories import make_petition
from tests.operations.test_backup import run
from tests.operations.test_doctor import findings
from tests.organisers.conftest import enter
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.test_invitations import Letter
from tests.petitions.test_organisations import NOTABLE

HERE = Path(__file__).resolve().parents[2]
KILLED = """
import json, os, signal, sys
from sqlalchemy import event
from sqlalchemy.orm import Session
from app import create_app
from deliveries.log import lines, services
from petitions.services import get
given, petition_id, moment, left = json.loads(sys.argv[1])
lines.AT_ONCE = 20

@event.listens_for(Session, moment)
def die(session):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

with create_app(given).app_context():
    services.append(get(petition_id))
"""


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


@pytest.fixture
def petition(app: Flask, campaign: Campaign) -> Iterator[Petition]:
    """The campaign's, inside an app context that lasts as long as the test."""
    with app.app_context():
        yield db.session.get_one(Petition, campaign.id)


def people(petition: Petition, many: int, **fields: Any) -> list[Signature]:
    made = [add_signature(petition, **fields) for _ in range(many)]
    db.session.commit()
    return made


def set_state(row: Signature, state: SignatureState) -> None:
    row.state, row.public_name = state, None
    db.session.commit()


def test_only_what_may_be_delivered_is_in_the_log(petition: Petition) -> None:
    shown = people(petition, 2) + people(petition, 1, visibility=Visibility.PUBLIC)
    counted, invalid, cleared = (
        people(petition, 1, visibility=one)[0] for one in ("counted", "recipients", "recipients")
    )
    set_state(invalid, SignatureState.INVALIDATED)
    cleared.cleared_at = clock.now()
    db.session.commit()
    services.append(petition)
    assert logged(petition).keys() == {row.id for row in shown}
    assert sorted(log_of(petition)) == sorted(recomputed(petition).values())
    assert counted.id not in logged(petition) and services.is_logged(shown[0]) and not services.is_logged(counted)


def test_a_line_that_left_is_taken_back_and_who_comes_back_cannot_be_linked(petition: Petition) -> None:
    (row,) = people(petition, 1)
    services.append(petition)
    first = logged(petition)[row.id]
    first_leaf, last_leaf = first.add_leaf, first.remove_leaf
    set_state(row, SignatureState.INVALIDATED)
    services.append(petition)
    assert log_of(petition) == [first_leaf, last_leaf] and logged(petition) == {}
    set_state(row, SignatureState.VALID)
    services.append(petition)
    again = logged(petition)[row.id]
    assert log_of(petition) == [first_leaf, last_leaf, again.add_leaf] and again.add_leaf != first_leaf


def test_whom_retention_clears_has_not_left(petition: Petition) -> None:
    (row,) = people(petition, 1)
    services.append(petition)
    before = log_of(petition)
    row.blob, row.email_index, row.cleared_at = None, None, clock.now()
    db.session.commit()
    services.append(petition, thorough=True)
    assert log_of(petition) == before and logged(petition).keys() == {row.id}


def test_a_correction_replaces_the_line_and_a_new_key_does_not(petition: Petition) -> None:
    (row,) = people(petition, 1)
    services.append(petition)
    reseal(petition, row)
    db.session.commit()
    services.append(petition)
    assert len(log_of(petition)) == 1 and logged(petition)[row.id].nonce == (row.blob or b"")[:12]
    before = logged(petition)[row.id].remove_leaf
    reseal(petition, row, name="Ada Corrected")
    db.session.commit()
    services.append(petition)
    log = log_of(petition)
    assert (
        set(log[1:]) == {before, logged(petition)[row.id].add_leaf} and next(iter(recomputed(petition).values())) in log
    )


def test_what_no_column_tells_is_found_where_every_row_is_opened(petition: Petition) -> None:
    people(petition, 3)
    services.append(petition)
    db.session.execute(update(Signature).values(signed_at=clock.now().replace(hour=23)))
    petition.time_zone = "Pacific/Kiritimati"
    db.session.commit()
    services.append(petition)
    assert len(log_of(petition)) == 3
    services.append(petition, thorough=True)
    assert len(log_of(petition)) == 9 and set(recomputed(petition).values()) <= set(log_of(petition))


def test_a_notables_role_enters_the_log_with_an_organisers_yes(app: Flask, campaign: Campaign) -> None:
    letter = Letter(app, campaign, enter(app))
    letter.office.saved(f"{letter.office_list}/new", **NOTABLE)
    campaign.work()
    letter.press(NOTABLE["email"], "sign")
    campaign.work()

    def leaves_now() -> list[bytes]:
        with app.app_context():
            petition = db.session.get_one(Petition, campaign.id)
            services.append(petition)
            assert set(recomputed(petition).values()) <= set(log_of(petition))
            return log_of(petition)

    assert len(leaves_now()) == 1
    assert "Approved" in letter.approve(0)
    assert len(leaves_now()) == 3


def test_one_row_that_does_not_open_stops_nobody_else(petition: Petition) -> None:
    damaged, *_others = people(petition, 3)
    damaged.blob = b"\0" * 256
    db.session.commit()
    services.append(petition)
    assert len(log_of(petition)) == 2 and damaged.id not in logged(petition)


def test_the_log_fills_its_chunks(petition: Petition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 4)
    written = b""
    for many in (3, 1, 9, 2, 4, 1):
        more = b"".join(hashlib.sha256(bytes([many, number])).digest() for number in range(many))
        chunks.add(petition.id, more)
        written += more
        assert b"".join(chunks.prefix(petition.id, chunks.size(petition.id))) == written
    for size in range(21):
        assert b"".join(chunks.prefix(petition.id, size)) == written[: size * 32]


def test_a_days_leaves_are_shuffled_together(petition: Petition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "AT_ONCE", 10)
    people(petition, 60)
    services.append(petition)
    in_order = [row.add_leaf for row in logged(petition).values()]
    log = log_of(petition)
    assert sorted(log) == sorted(in_order) and log != in_order
    early = [place for place, leaf in enumerate(log) if leaf in in_order[:10]]
    assert max(early) >= 20  # by chance otherwise once in 10^8: the first batch is spread over all of them


def at_once(app: Flask, petition_id: int, many: int, **how: Any) -> None:
    """So many workers append at the same moment."""
    together = threading.Barrier(many)

    def work(_: int) -> None:
        with app.app_context():
            petition = db.session.get_one(Petition, petition_id)
            together.wait()
            services.append(petition, **how)

    with ThreadPoolExecutor(many) as pool:
        list(pool.map(work, range(many)))


def test_two_at_once_add_each_leaf_once(app: Flask, petition: Petition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "AT_ONCE", 4)
    rows = people(petition, 30)
    at_once(app, petition.id, 3)
    assert sorted(log_of(petition)) == sorted(row.add_leaf for row in logged(petition).values())
    for row in rows[:10]:
        row.state = SignatureState.INVALIDATED
    for row in rows[10:20]:
        reseal(petition, row, name="Ada Corrected")
    db.session.commit()
    at_once(app, petition.id, 3)
    log = log_of(petition)
    assert len(log) == len(set(log)) == 30 + 10 + 20
    assert set(recomputed(petition).values()) <= set(log) and len(logged(petition)) == 20


def test_a_kill_in_the_middle_loses_and_doubles_nothing(app: Flask, petition: Petition) -> None:
    people(petition, 60)
    settings = app.config["UNDERSIGNED"]
    given = {**BASE, "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url}
    for moment, commits in (("after_commit", 1), ("before_commit", 4)):  # the fourth commit of the second run shuffles
        arguments = json.dumps([given, petition.id, moment, commits])
        killed = subprocess.run([sys.executable, "-c", KILLED, arguments], cwd=HERE, env={"PATH": os.environ["PATH"]})
        assert killed.returncode == -signal.SIGKILL
        held = b"".join(db.session.scalars(select(LogWaiting.leaves).order_by(LogWaiting.id)))
        every = sorted(held[at : at + 32] for at in range(0, len(held), 32))
        assert every == sorted(row.add_leaf for row in logged(petition).values()) and log_of(petition) == []
        assert len(every) == (20 if commits == 1 else 60)
        assert not any(services.is_logged(row) for row in db.session.scalars(select(Signature)))
        db.session.rollback()
    services.append(petition)
    assert sorted(log_of(petition)) == sorted(recomputed(petition).values()) and len(log_of(petition)) == 60


def test_signing_goes_on_while_the_log_is_brought_up_to_date(app: Flask, petition: Petition) -> None:
    people(petition, 5)
    for batch in lines.differences(petition, thorough=False):  # its rows are read, nothing is written yet
        people(petition, 1)
        services._store(petition.id, batch)
        people(petition, 1)
    services.append(petition)
    assert len(log_of(petition)) == 7


def test_a_checkpoint_is_made_once_a_size(petition: Petition) -> None:
    people(petition, 2)
    services.append(petition)
    first = services.checkpoint(petition)
    assert services.checkpoint(petition).note == first.note and first.size == 2
    people(petition, 1)
    services.append(petition)
    assert services.checkpoint(petition).size == 3
    db.session.commit()
    check_checkpoints(petition, log_of(petition))
    assert services.find_newest(petition.id).size == 3  # type: ignore[union-attr]


def test_the_secret_of_a_pack_opens_the_line_and_not_its_end(petition: Petition) -> None:
    (row,) = people(petition, 1)
    services.append(petition)
    kept = logged(petition)[row.id]
    line = next(signatures_for(petition))
    told = services.proof_of(line, kept.episode, leaves.LOGGED)
    assert told == {"secret": leaves.secret_of(line.salt, kept.episode).hex()}
    less = services.proof_of(line, kept.episode, ("name",))
    assert less.keys() == {"leaf", *leaves.LOGGED} and line.salt not in str(less) + str(told)


def tomorrow() -> Any:
    return time_machine.travel(clock.now() + timedelta(days=1), tick=True)


def test_told_to_end_it_stops_between_two_batches_and_goes_on_from_there(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(petition, 3)
    monkeypatch.setattr(lines, "AT_ONCE", 1)
    told: list[int] = []
    monkeypatch.setattr(slow_jobs, "_told_to_stop", told)
    put = services._put
    monkeypatch.setattr(services, "_put", lambda rows: (told.append(15), put(rows))[1])
    with pytest.raises(slow_jobs.Stopping):
        services.append(petition)
    db.session.rollback()
    assert len(logged(petition)) == 1 and chunks.size(petition.id) == 0
    monkeypatch.setattr(slow_jobs, "_told_to_stop", [])
    services.append(petition)
    assert len(logged(petition)) == chunks.size(petition.id) == 3
    assert sorted(log_of(petition)) == sorted(recomputed(petition).values())


def signs() -> bool:
    """What the worker does each hour; whether a log was signed."""
    before = checkpoints()
    jobs.daily()
    run_pending(jobs.JOBS, lambda moment: (Job.kind == jobs.SIGN,))
    return checkpoints() > before


def checkpoints() -> int:
    return db.session.scalar(select(func.count()).select_from(LogCheckpoint)) or 0


def test_the_worker_signs_each_log_once_a_day(app: Flask, petition: Petition) -> None:
    people(petition, 2)
    assert not signs() and chunks.size(petition.id) == 0  # the day is not over
    with tomorrow():
        assert signs() and not signs()
        assert services.get_checkpoint(petition).size == 2
        people(petition, 1)
        assert not signs()
    with time_machine.travel(clock.now() + timedelta(days=2), tick=True):
        assert signs() and services.get_checkpoint(petition).size == 3


def test_a_day_without_a_change_signs_nothing(app: Flask, petition: Petition) -> None:
    people(petition, 1)
    with tomorrow():
        signs()
    with time_machine.travel(clock.now() + timedelta(days=3), tick=True):
        assert not signs()
    assert checkpoints() == 1


def test_a_petition_without_its_key_holds_no_other_up(app: Flask, petition: Petition) -> None:
    people(petition, 1)
    other = make_petition()
    people(other, 1)
    path = (
        app.config["UNDERSIGNED"].keystore
        / f"scope-{db.session.scalars(select(Signature.key_id).order_by(Signature.id)).first()}.json"
    )
    kept = path.read_bytes()
    path.unlink()
    vault().forget()
    try:
        with tomorrow():
            assert signs()
    finally:
        path.write_bytes(kept)
    assert chunks.size(petition.id) == 0 and services.get_checkpoint(other).size == 1


def test_of_an_erased_petition_only_the_log_stays(app: Flask, campaign: Campaign, petition: Petition) -> None:
    people(petition, 3)
    services.append(petition)
    services.checkpoint(petition)
    log = log_of(petition)
    erasure.erase(petition, petition.slug, actor="olga@example.org")
    db.session.commit()
    campaign.work()
    with tomorrow():
        signs()
    db.session.expire_all()
    assert logged(petition) == {} and log_of(petition) == log
    check_checkpoints(petition, log)


def restored_over(campaign: Campaign, file: Path, act: Callable[[], object]) -> None:
    """Makes a backup, does something, lets the worker journal it, and restores the backup over it."""
    assert run(campaign.app, "backup", str(file)).exit_code == 0
    act()
    campaign.work()
    assert run(campaign.app, "restore", str(file), "--force").exit_code == 0


def test_a_log_that_a_backup_cut_is_owned_up_to(app: Flask, campaign: Campaign, tmp_path: Path) -> None:
    def day(many: int) -> None:
        with app.app_context():
            petition = db.session.get_one(Petition, campaign.id)
            people(petition, many)
            services.append(petition)
            services.checkpoint(petition)
            db.session.commit()

    def size() -> int:
        return int(campaign.client.get(f"{page}/log/checkpoint").text.splitlines()[1])

    page = f"/petitions/{campaign.slug}"
    day(2)
    assert findings(app)[1]["public logs"]["level"] == "ok"
    restored_over(campaign, tmp_path / "site.tar.gz", lambda: day(3))
    assert size() == 2 and len(campaign.client.get(f"{page}/log?fresh").data) == 64
    found = findings(app)[1]["public logs"]
    assert found["level"] == "warning" and campaign.slug in found["sentence"]
    day(3)  # as many as were lost: nothing else is signed under that size
    assert campaign.client.get(f"{page}/log/checkpoint?size=6").text.splitlines()[1] == "6"
    lost = campaign.client.get(f"{page}/log/checkpoint?size=5")
    assert lost.status_code == 410 and "does not continue it" in lost.text
    assert "was lost when this site was restored" in campaign.client.get(f"{page}/updates.atom").text


@pytest.mark.parametrize("change", ["leaf", "note", "shorter"])
def test_the_doctor_finds_a_log_that_is_not_what_was_signed(app: Flask, petition: Petition, change: str) -> None:
    people(petition, 3)
    services.append(petition)
    signed = services.checkpoint(petition)
    db.session.commit()
    chunk = db.session.scalars(select(services.chunks.LogChunk)).one()
    if change == "leaf":
        chunk.leaves = chunk.leaves[:40] + bytes([chunk.leaves[40] ^ 1]) + chunk.leaves[41:]
    elif change == "shorter":
        chunk.leaves = chunk.leaves[:64]
    else:
        signed.note = signed.note.replace("/petitions/", "/petition5/")
    db.session.commit()
    found = findings(app)[1]["public logs"]
    assert found["level"] == "failed" and petition.slug in found["sentence"]
