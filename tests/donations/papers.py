"""Papers as their donor reads them: payments of a given day, and the text of the PDFs that came by mail."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select

from core.db import db
from core.vault import SITE, vault
from donations.checkout_services import SEALED_CONTEXT, open_donor
from donations.models import Donation
from donations.own_page import donors
from donations.own_page.models import Donor
from tests.donations.conftest import DONOR, Gift, World
from tests.donations.events import completed, invoice_paid, send


def at(body: dict[str, Any], moment: datetime) -> dict[str, Any]:
    """The same event, made by Stripe at that moment."""
    return {**body, "created": int(moment.timestamp())}


def day(year: int, month: int = 6, day_of_month: int = 15, *clock: int) -> datetime:
    return datetime(year, month, day_of_month, *(clock or (12, 0, 0)), tzinfo=UTC)


def paid(client: FlaskClient, gift: Gift, *moments: datetime) -> Gift:
    """A gift whose payments Stripe reports, of a regular one as many as there are moments."""
    send(client, at(completed(gift), moments[0]))
    if gift.frequency != "once":
        for number, moment in enumerate(moments, 1):
            send(client, at(invoice_paid(gift, number), moment))
    return gift


def sealed(world: World, gift: Gift, **fields: str) -> Gift:
    """The gift, with other words of its donor's; before the worker has seen it."""
    with world.app.app_context():
        vault().prepare(SITE)
        donation = db.session.scalars(select(Donation).where(Donation.public_id == gift.public_id)).one()
        box = vault().seal(SITE, SEALED_CONTEXT, donation.public_id, {**open_donor(donation), **fields})
        donation.key_id, donation.data_key_id, donation.blob = box.key_id, box.data_key_id, box.blob
        db.session.commit()
    return gift


def changed(world: World, gift: Gift, values: Mapping[str, Any]) -> Gift:
    with world.app.app_context():
        donation = db.session.scalars(select(Donation).where(Donation.public_id == gift.public_id)).one()
        for name, value in values.items():
            setattr(donation, name, value)
        db.session.commit()
    return gift


def donor_of(address: str = DONOR) -> Donor:
    """Inside an app context: the donor with this address."""
    found = donors.find(address)
    assert found is not None
    return found


def pdf_of(mail: EmailMessage) -> tuple[str, PdfReader]:
    """File name and content of the one thing that is attached to a mail."""
    (part,) = mail.iter_attachments()
    assert part.get_content_type() == "application/pdf"
    return str(part.get_filename()), PdfReader(io.BytesIO(part.get_content()))


def said_in(reader: PdfReader) -> str:
    """All words of a PDF, one space between them."""
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())
