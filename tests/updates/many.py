"""Many who signed, confirmed and asked for news, truly sealed, as confirming leaves them; and the worker as a process."""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from flask import Flask
from sqlalchemy import insert, update

from core import clock
from core.db import db
from core.jobs import Job
from core.mailboxes.canonical import RULES_VERSION, blind_index
from core.vault import vault
from petitions import consent
from petitions.models import Petition, Signature, Submission
from petitions.persons import SEALED_CONTEXT
from petitions.states import Method, SignatureState, SubmissionState, Visibility

AT_ONCE = 5000
ROOT = Path(__file__).parent.parent.parent


def address_of(number: int) -> str:
    return f"person.{number}@example.org"


def sign_many(petition_id: int, many: int) -> None:
    """`many` signatures with their submissions; committed."""
    for start in range(0, many, AT_ONCE):
        petition = db.session.get_one(Petition, petition_id)
        vault().prepare(petition.scope)
        rows = [_row(petition, number) for number in range(start, min(many, start + AT_ONCE))]
        moment = clock.to_hour(clock.now())
        sent = [
            {
                **{name: row[name] for name in ("public_id", "petition_id", "key_id", "data_key_id", "email_index")},
                "country": "IE", "visibility": Visibility.RECIPIENTS, "source": "other", "received_at": moment,
                "consent_digest": row["consent_digest"], "state": SubmissionState.CONFIRMED, "index_version": RULES_VERSION,
                "code_tries": 0, "proved": False, "trapped": False, "mails": 2, "mailed_at": moment,
            }
            for row in rows
        ]  # fmt: skip
        db.session.execute(insert(Submission.__table__), sent)
        db.session.execute(insert(Signature.__table__), rows)
        db.session.commit()


def _row(petition: Petition, number: int) -> dict[str, object]:
    public_id, address, moment = secrets.token_urlsafe(16), address_of(number), clock.to_hour(clock.now())
    person = {
        "name": f"Ada Example {number}", "email": address, "postal_code": "", "role": "", "affiliation": "", "comment": "",
        "updates": True, "may_ask": False, "salt": secrets.token_hex(32),
    }  # fmt: skip
    sealed = vault().seal(petition.scope, SEALED_CONTEXT, public_id, person)
    return {
        "public_id": public_id, "petition_id": petition.id, "method": Method.WEB, "state": SignatureState.VALID,
        "email_index": blind_index(vault().index_key(sealed.key_id), address), "index_version": RULES_VERSION,
        "key_id": sealed.key_id, "data_key_id": sealed.data_key_id, "blob": sealed.blob, "country": "IE",
        "visibility": Visibility.RECIPIENTS, "source": "other", "signed_at": moment, "confirmed_at": moment,
        "consent_digest": consent.digest_of(petition, Visibility.RECIPIENTS),
    }  # fmt: skip


def start_worker(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """`flask jobs work` as `make run` starts it; the caller ends it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    command = [sys.executable, "-m", "flask", "--app", "app", "jobs", "work"]
    return subprocess.Popen(command, env={**kept, **environment}, cwd=ROOT, stderr=subprocess.DEVNULL)


def forget_leases(app: Flask) -> None:
    """Another worker may take up at once what a killed one left, instead of after two minutes."""
    with app.app_context():
        left = update(Job).where(Job.state == "running").values(lease_until=clock.now())
        db.session.execute(left, execution_options={"synchronize_session": False})
        db.session.commit()
