"""An organiser looks an address up: however it is spelt, without a trace of it."""

from sqlalchemy import select

from core.audit import AuditEntry
from core.db import db
from tests.organisers.conftest import Office
from tests.petitions.conftest import Campaign, make_campaign


def look_up(office: Office, campaign: Campaign, address: str) -> str:
    answer = office.post(f"/office/petitions/{campaign.id}/search", email=address)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    return " ".join(answer.text.split())


def test_the_petition_s_page_leads_to_the_search_and_an_address_is_asked_for(office: Office) -> None:
    campaign = make_campaign(office.app)
    path = f"/office/petitions/{campaign.id}/search"
    assert path in office.get(f"/office/petitions/{campaign.id}")
    assert "What stands here" not in office.get(path)
    for typed in ("", "not an address"):
        answer = office.post(path, email=typed)
        assert answer.status_code == 422 and "Enter an email address" in answer.text


def test_a_signature_is_found_and_told_by_its_state_and_its_forms(office: Office) -> None:
    campaign, other = make_campaign(office.app), make_campaign(office.app)
    campaign.signed("ada@example.org")
    campaign.sign("ada+again@example.org")
    campaign.work()
    page = look_up(office, campaign, "ADA+x@example.org")
    assert "A signature, confirmed on" in page and ": counts." in page
    assert page.count("</th><td data-label=") == 2 and ">confirmed</td>" in page
    for stranger in (look_up(office, campaign, "ben@example.org"), look_up(office, other, "ada@example.org")):
        assert "No signature of this address." in stranger and "Form sent" not in stranger


def test_the_audit_chain_notes_the_look_and_not_the_address(office: Office) -> None:
    campaign = make_campaign(office.app)
    campaign.signed("ada@example.org")
    look_up(office, campaign, "ada@example.org")
    look_up(office, campaign, "nobody@example.org")
    with office.app.app_context():
        searched = select(AuditEntry).where(AuditEntry.act == "petition.searched").order_by(AuditEntry.id)
        entries = db.session.scalars(searched).all()
        assert [(entry.actor, entry.detail) for entry in entries] == [
            ("olga@example.org", {"found": True}), ("olga@example.org", {"found": False}),
        ]  # fmt: skip
