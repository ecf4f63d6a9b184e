"""Whether a draft is still as it came in; if so, it can be taken back."""

import hashlib
import json
from typing import Any, NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError

from cases.models import Case, CaseImage, Consent, Event, Person
from core import audit, clock, rotation
from core.db import db
from organisers.accounts.models import Membership
from organisers.drafts.models import DraftImport, DraftImportRow
from petitions.models import Petition, Recipient, Submission
from petitions.versions.models import PetitionTranslation, PetitionVersion

# Work that was done with it; whatever else hangs on a draft the database itself does not let go.
OF_A_CASE: tuple[Any, ...] = (Event, CaseImage, Consent, Membership, Petition)
OF_A_PETITION: tuple[Any, ...] = (Submission, PetitionVersion, PetitionTranslation)
UNTOLD = ("id", "created_at", "case_id", "petition_id")  # columns that say nothing of the content


class TakenBack(NamedTuple):
    gone: int
    kept: int


def state_of(draft: Case | Petition) -> bytes:
    """The content of a draft and of the people in it, by hash."""
    parts: list[Person | Recipient] = [*(draft.people if isinstance(draft, Case) else draft.recipients)]
    told = [_columns(draft), *(_columns(part) for part in sorted(parts, key=lambda part: part.id))]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()


def untouched(row: DraftImportRow) -> bool:
    """Whether nobody has done anything with a row's draft since it came in."""
    draft = row.petition or row.case
    if draft is None or state_of(draft) != row.state:
        return False
    tables = OF_A_CASE if isinstance(draft, Case) else OF_A_PETITION
    key = "case_id" if isinstance(draft, Case) else "petition_id"
    return not any(db.session.scalar(select(exists().where(getattr(table, key) == draft.id))) for table in tables)


def take_back(found: DraftImport, *, actor: str) -> TakenBack:
    """Deletes those of its drafts with which nobody has done anything; the others stay as they are."""
    gone = [row.line for row in list(found.rows) if untouched(row) and _delete(row)]
    db.session.expire(found, ["rows"])
    kept = len(found.rows)
    if gone:
        found.taken_back_at = clock.now()
        audit.record(f"{found.kind}.taken_back", f"import:{found.id}", actor=actor, gone=len(gone), kept=kept)
    db.session.flush()
    return TakenBack(len(gone), kept)


def _delete(row: DraftImportRow) -> bool:
    """Whether the database let it go. A petition's key is taken out of use; the daily round destroys it."""
    draft = row.petition or row.case
    scope = draft.scope if isinstance(draft, Petition) else ""
    try:
        with db.session.begin_nested():
            db.session.delete(row)
            db.session.delete(draft)
            db.session.flush()
    except IntegrityError:
        return False
    if scope:
        rotation.retire(scope, clock.now())
    return True


def _columns(row: Any) -> dict[str, str]:
    return {column.key: str(getattr(row, column.key)) for column in row.__table__.columns if column.key not in UNTOLD}
