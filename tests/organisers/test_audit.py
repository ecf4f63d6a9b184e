"""The audit chain in the office: it holds, and tells where it was touched."""

import pytest
from flask import Flask
from sqlalchemy import text

from core.db import db
from tests.organisers.conftest import Office
from tests.petitions.conftest import make_campaign


def acts(office: Office) -> None:
    campaign = make_campaign(office.app)
    office.saved(f"/office/petitions/{campaign.id}/pause")
    office.saved(f"/office/petitions/{campaign.id}/resume")


def test_the_chain_names_who_did_what(app: Flask, office: Office) -> None:
    acts(office)
    page = office.get("/office/audit")
    assert "The chain is whole." in page
    for word in ("petition.paused", "petition.resumed", "olga@example.org", "organiser.entered", "by: link"):
        assert word in page, word


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entries SET actor = 'somebody else' WHERE act = 'petition.paused'",
        "UPDATE audit_entries SET detail = '{}' WHERE act = 'organiser.entered'",
        "DELETE FROM audit_entries WHERE act = 'petition.paused'",
        "DELETE FROM audit_entries WHERE act = 'petition.resumed'",
        "DELETE FROM audit_entries",
    ],
)
def test_whoever_changes_or_removes_an_entry_is_seen(app: Flask, office: Office, tampering: str) -> None:
    acts(office)
    with app.app_context():
        db.session.execute(text(tampering))
        db.session.commit()
    page = office.get("/office/audit")
    assert "The chain is broken" in page and "The chain is whole." not in page
