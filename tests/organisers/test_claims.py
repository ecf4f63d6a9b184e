"""Notable signatories and organisations in the moderation room: shown by a yes, not by a no, and each of them undone."""

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from core.db import db
from organisers.accounts.models import Membership, OfficeRole
from organisers.moderation.models import ModerationAct
from petitions.invitations.models import Invitation
from petitions.models import Petition, Signature
from petitions.states import InvitationState
from tests.organisers.conftest import Office, enter
from tests.petitions.conftest import make_campaign
from tests.petitions.test_invitations import Letter
from tests.petitions.test_organisations import enter_union

NOTABLE = {"name": "Nora Notable", "role": "Judge", "affiliation": "High Court", "country": "IE"}
MAILBOX = "nora@court.example"
ROOM = "/office/moderation?kind="
S = InvitationState


@pytest.fixture
def claim(app: Flask) -> Letter:
    """Of somebody notable who has said yes, and waits."""
    letter = Letter(app, make_campaign(app), enter(app))
    letter.office.saved(f"{letter.office_list}/new", **NOTABLE, email=MAILBOX)
    letter.campaign.work()
    letter.sign(MAILBOX)
    return letter


def names(claim: Letter) -> list[str | None]:
    """The name in the invitation, and in the signature."""
    with claim.app.app_context():
        row = db.session.scalars(select(Invitation)).one()
        return [row.public_name, db.session.get_one(Signature, row.signature_id).public_name]


def test_a_claim_waits_in_the_room_with_what_the_page_would_say_and_a_masked_mailbox(claim: Letter) -> None:
    page = claim.office.get(f"{ROOM}notable")
    assert "Notable signatory: Nora Notable, Ireland" in page and "Judge · High Court · n…@court.example" in page
    assert MAILBOX not in page and "Nora Notable" not in claim.office.get(f"{ROOM}organisation")
    assert "1 thing that the public wrote waits" in claim.office.get("/office/")
    assert f"/office/moderation?kind=notable&case={case_of(claim)}&state=waiting#notable-" in claim.office.get(
        claim.office_list
    )


def case_of(claim: Letter) -> int:
    with claim.app.app_context():
        return db.session.get_one(Petition, claim.campaign.id).case_id


def test_each_judgement_of_a_claim_is_written_down_and_undone(claim: Letter) -> None:
    for verdict, seen, state in (
        ("approve", "held", S.APPROVED), ("undo", "approved", S.CONFIRMED), ("approve", "held", S.APPROVED),
        ("reject", "approved", S.REJECTED), ("undo", "rejected", S.APPROVED), ("undo", "approved", S.CONFIRMED),
        ("reject", "held", S.REJECTED),
    ):  # fmt: skip
        claim.approve(0, verdict, seen, reason="other", note="No such judge")
        claim.campaign.work()
        assert claim.states() == [state]
        assert names(claim) == ([NOTABLE["name"]] * 2 if state == S.APPROVED else [None, None]), (verdict, seen)
        assert ("Nora Notable" in claim.public()) == (state == S.APPROVED)
        assert claim.campaign.count() == 1, "the signature counts, whatever is said of the claim"
    assert "No such judge" in claim.office.get(f"{ROOM}notable&state=rejected")
    assert "decided not to show your name" in claim.get(claim.link(MAILBOX))
    acts = [act for act, _ in claim.office.acts() if act.startswith("moderation.")]
    assert len(acts) == 7 and acts[-1] == "moderation.reject"
    assert "Rejected, not shown" in claim.office.get(claim.office_list)
    assert claim.act(0, "take_back") == 303 and claim.states() == [S.WITHDRAWN] and claim.campaign.count() == 0


def test_a_rejection_of_a_claim_needs_a_reason(claim: Letter) -> None:
    path = f"{claim.office_list}/{claim.rows()[0].id}/claim/reject"
    answer = claim.office.post(path, seen="held", note="Kept")
    assert answer.status_code == 422 and "Choose why you reject it." in answer.text and "Kept" in answer.text
    assert claim.states() == [S.CONFIRMED]


def test_of_two_who_judge_a_claim_one_wins(claim: Letter) -> None:
    claim.approve(0)
    assert "Somebody else has judged it meanwhile" in claim.approve(0, "reject", "held", reason="spam")
    assert claim.states() == [S.APPROVED]
    with claim.app.app_context():
        assert len(db.session.scalars(select(ModerationAct)).all()) == 1


def test_a_name_that_somebody_signed_with_before_stays_theirs(app: Flask) -> None:
    letter = Letter(app, make_campaign(app), enter(app))
    letter.campaign.signed(MAILBOX, name="Nora N.", visibility="public")
    letter.office.saved(f"{letter.office_list}/new", **NOTABLE, email=MAILBOX)
    letter.campaign.work()
    letter.sign(MAILBOX)
    letter.approve(0)
    letter.campaign.work()
    letter.approve(0, "undo", "approved")
    [invited, signed] = names(letter)
    assert invited is None and signed is not None


def test_an_organisation_is_judged_there_too_and_many_at_once(claim: Letter) -> None:
    enter_union(claim.campaign)
    assert claim.press("office@union.example", "sign") == 303
    claim.campaign.work()
    page = claim.office.get(f"{ROOM}organisation")
    assert "Organisation: Union of Sentinels" in page and "12,500 members" in page and "Kim" not in page
    ticked = [f"notable:{row.id}@held" for row in claim.rows()]
    claim.office.saved("/office/moderation", items=ticked)
    assert "2 are approved." in claim.office.get("/office/moderation") and claim.states() == [S.APPROVED] * 2


def test_a_moderator_judges_claims_of_her_cases_only(claim: Letter) -> None:
    mia, other = enter(claim.app, "mia@example.org"), make_campaign(claim.app)
    path = f"{claim.office_list}/{claim.rows()[0].id}/claim/approve"
    for campaign, status in ((other, 404), (claim.campaign, 303)):
        _limit(mia, campaign.id)
        assert mia.post(path, seen="held").status_code == status
    assert claim.states() == [S.APPROVED]
    assert claim.office.post(path.replace(f"/{claim.campaign.id}/", f"/{other.id}/"), seen="held").status_code == 404


def _limit(office: Office, petition_id: int) -> None:
    with office.app.app_context():
        mine = db.session.scalars(select(Membership).order_by(Membership.id.desc())).first()
        assert mine is not None
        case_id = db.session.get_one(Petition, petition_id).case_id
        owner, role = mine.organiser_id, OfficeRole.MODERATOR
        db.session.execute(delete(Membership).where(Membership.organiser_id == owner))
        db.session.add(Membership(organiser_id=owner, role=role, case_id=case_id))
        db.session.commit()


def test_a_claim_whose_seal_does_not_open_is_rejected_only(claim: Letter) -> None:
    with claim.app.app_context():
        db.session.execute(update(Invitation).values(blob=b"changed by somebody"))
        db.session.commit()
    assert "The words cannot be read" in claim.office.get(f"{ROOM}notable")
    assert "Its seal does not open" in claim.approve(0) and claim.states() == [S.CONFIRMED]
    claim.approve(0, "reject", "held", reason="spam")
    assert claim.states() == [S.REJECTED]
