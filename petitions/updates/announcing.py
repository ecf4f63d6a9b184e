"""What the site itself tells when something happened to a petition: once, in its own language; withdrawn where it is not so."""

from collections.abc import Sequence
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import select

from core import audit, clock
from core.db import db, insert
from petitions.models import Petition
from petitions.updates import services
from petitions.updates.models import Update, UpdateKind, UpdateState


def announce(petition: Petition, kind: str, *, actor: str, key: str, context: dict[str, Any]) -> Update:
    """The update that the site itself writes when something happened: once for each key, and sent from now on.

    `kind`: `changed` (context: `reason`) to everybody who signed; `victory` and `answered` (context: `words`, Markdown)
    to those who asked for news. Its text is templates/updates/<kind>.txt in the petition's language."""
    page = f"{current_app.config['UNDERSIGNED'].server_url}/petitions/{petition.slug}"
    with force_locale(petition.language):
        text = render_template(f"updates/{UpdateKind(kind)}.txt", title=petition.title, page=page, **context)
    subject, _, body = text.partition("\n")
    values = {
        "public_id": services.new_public_id(), "petition_id": petition.id, "kind": UpdateKind(kind), "key": key,
        "state": UpdateState.SCHEDULED, "texts": {petition.language: {"subject": subject.strip(), "body": body.strip()}},
        "starts_at": clock.now(), "created_by": actor, "written_by": actor,
    }  # fmt: skip
    row = insert(Update).values(values).on_conflict_do_nothing(index_elements=["key"])
    made = db.session.execute(row.returning(Update.id)).scalar()
    if made is not None:
        audit.record("update.announced", petition.slug, actor=actor, update=made, kind=kind)
    return db.session.scalars(select(Update).where(Update.key == key)).one()


def of_kind(petition: Petition, kind: UpdateKind) -> Sequence[Update]:
    """What the site itself has written of one kind, the oldest first."""
    theirs = (Update.petition_id == petition.id, Update.kind == kind)
    return db.session.scalars(select(Update).where(*theirs).order_by(Update.id)).all()


def withdraw(petition: Petition, kind: UpdateKind, *, actor: str) -> None:
    """What it tells is not so: whatever of it has not been sent is cancelled."""
    for found in of_kind(petition, kind):
        if "cancel" in services.offered(found):
            services.act(found, "cancel", actor=actor)
