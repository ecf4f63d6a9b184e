"""The worker's part of an import: tells what would come in, takes it in part by part, takes it back; one commit a part.

A part's first statement moves the cursor, so that of two workers one has it; whoever is killed has done whole parts."""

import time
from collections.abc import Mapping

from flask_babel import force_locale
from sqlalchemy import delete, insert, update

from core import audit, clock
from core.db import db
from core.jobs import Job
from core.vault import vault
from organisers.imports.reading import Meaning, read_all
from petitions.imports import leaving, services, storing
from petitions.imports.models import ImportPart, ImportRefusal, SignatureImport
from petitions.imports.storing import Good, Known
from petitions.models import Petition
from petitions.states import ImportState, Refusal

S = ImportState
WORKER = "worker"
PAUSE = 0.01  # seconds between two parts: on SQLite others write only then


def work(job: Job) -> None:
    """The job: goes on with an import from where it stands until it is done, or somebody has stopped it."""
    found = db.session.get(SignatureImport, job.args["import"])
    if found is None or found.state not in STEPS:
        return
    petition = db.session.get_one(Petition, found.petition_id)
    with force_locale(petition.language):  # countries may be written in it
        STEPS[found.state](petition, found)


def _count(petition: Petition, found: SignatureImport) -> None:
    """Tells what would come in, changing nothing else; another way of reading the columns begins its own."""
    known, asked, sums = Known.of(petition), found.asked, dict.fromkeys(SUMS, 0)
    refused: dict[int, Refusal] = {}
    for number in range(1, found.parts + 1):
        read, here = read_all(services.part(found, number), Meaning.stored(found.meaning))
        good, more = storing.sort_out(petition, read, known)
        refused |= here | more
        sums = {name: sums[name] + count for name, count in _sums(good, here | more).items()}
        db.session.rollback()
        db.session.refresh(found)
        if found.state != S.COUNTING or found.asked != asked:
            return
    db.session.execute(delete(ImportRefusal).where(ImportRefusal.import_id == found.id))
    _note(found, refused)
    if services.told(found, asked, **sums):
        db.session.commit()


def _take(petition: Petition, found: SignatureImport) -> None:
    known = Known.of(petition)
    while found.state == S.RUNNING and found.cursor < found.parts:
        _take_part(petition, found, known)
        time.sleep(PAUSE)
        db.session.refresh(found)
    if found.state == S.RUNNING:
        services.move(found, (S.RUNNING,), S.DONE, ended_at=clock.now())
        services.drop_file(found)
        _journal("import.done", petition, found)
        db.session.commit()


def _take_part(petition: Petition, found: SignatureImport, known: Known) -> None:
    """One part, committed, and deleted from the file."""
    number = found.cursor + 1
    read, refused = read_all(services.part(found, number), Meaning.stored(found.meaning))
    db.session.rollback()
    vault().prepare(petition.scope)
    here = (SignatureImport.id == found.id, SignatureImport.state == S.RUNNING, SignatureImport.cursor == number - 1)
    advance = update(SignatureImport).where(*here).values(cursor=number).returning(SignatureImport.id)
    if db.session.scalar(advance, execution_options=services.UNSYNCED) is None:
        return db.session.rollback()
    good, more = storing.sort_out(petition, read, known)
    storing.store(petition, found, good)
    refused |= more
    _note(found, refused)
    sums = {name: getattr(SignatureImport, name) + count for name, count in _sums(good, refused).items()}
    db.session.execute(update(SignatureImport).where(SignatureImport.id == found.id).values(sums))
    db.session.execute(delete(ImportPart).where(ImportPart.import_id == found.id, ImportPart.number == number))
    return db.session.commit()


def _undo(petition: Petition, found: SignatureImport) -> None:
    while leaving.work_on(found):
        pass
    _journal("import.undone", petition, found)
    db.session.commit()


SUMS = ("good", "refused", "without_address", "without_updates")
STEPS = {S.COUNTING: _count, S.RUNNING: _take, S.UNDOING: _undo}


def _sums(good: Good, refused: Mapping[int, Refusal]) -> dict[str, int]:
    nowhere, silent = sum(not line.email for line, _index in good), sum(not line.updates for line, _index in good)
    return dict(zip(SUMS, (len(good), len(refused), nowhere, silent), strict=True))


def _note(found: SignatureImport, refused: Mapping[int, Refusal]) -> None:
    rows = [{"import_id": found.id, "line": line, "reason": reason} for line, reason in sorted(refused.items())]
    if rows:
        db.session.execute(insert(ImportRefusal), rows)


def _journal(act: str, petition: Petition, found: SignatureImport) -> None:
    audit.record(act, petition.slug, actor=WORKER, number=found.id, good=found.good, refused=found.refused)
