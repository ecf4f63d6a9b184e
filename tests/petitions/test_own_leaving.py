"""Leaving by the own page: what each way deletes, once, from wherever it stood; and when a silenced address is forgotten."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, update

from core import clock
from core.db import db
from core.jobs import Job, claim, run
from core.vault import SITE, vault
from petitions import signature_services
from petitions.abuse.models import Invalidation
from petitions.counting import tallies
from petitions.counting.models import TallyChange
from petitions.models import Petition, Signature, SignatureToken, Submission, Suppression
from petitions.own_page import jobs as own_page_jobs
from petitions.own_page import mails as own_page_mails
from petitions.own_page import services as own_page_services
from petitions.own_page.services import revoke, standing_of
from petitions.states import ExitReason, PetitionState, Purpose, SignatureState
from tests.petitions.conftest import Campaign
from tests.petitions.own_pages import ask_for_link, letters, own_page, press, rows, signature

STATES = {"withdraw": "withdrawn", "erase": "erased", "disown": "withdrawn"}
REASONS = {"withdraw": "withdrawn", "erase": "erased", "disown": "disowned"}


@pytest.mark.parametrize("act", STATES)
def test_leaving_empties_the_rows_lowers_the_number_once_and_is_journalled(campaign: Campaign, act: str) -> None:
    own = own_page(campaign, visibility="public")
    public_id = signature(campaign).public_id
    assert campaign.client.get(f"{own}/own/{act}").status_code == 200 and campaign.count() == 1
    for _ in range(3):
        answer = press(campaign, own, act)
        assert answer.status_code == 303
        assert "Nothing that names you is left here" in campaign.client.get(answer.location).text
    assert campaign.count() == campaign.valid() == 0
    row = signature(campaign)
    assert (row.state, row.exit_reason) == (STATES[act], REASONS[act])
    assert (row.blob, row.email_index, row.public_name, row.public_affiliation) == (None, None, None, None)
    assert [(one.blob, one.email_index) for one in campaign.submissions()] == [(None, None)]
    journal = list(campaign.app.extensions["vault"].keystore.read_journal())
    assert journal.count((REASONS[act], public_id)) == 1
    assert rows(campaign, Suppression) == (1 if act == "disown" else 0)


def test_erasing_leaves_no_row_with_data(campaign: Campaign) -> None:
    with campaign.app.app_context():
        db.session.execute(update(Petition).values(sources=["flyer"]))
        db.session.commit()
    campaign.sign(country="KZ", source="flyer")
    own = own_page(campaign, country="KZ", source="flyer", visibility="public")
    assert press(campaign, own, "erase").status_code == 303
    assert campaign.count() == 0
    with campaign.app.app_context():
        for table in (Signature, Submission):
            for row in db.session.scalars(select(table)):
                assert (row.blob, row.email_index, row.cluster_id) == (None, None, None)
                assert (row.country, row.source, row.visibility) == ("", "", "counted")
        assert db.session.scalar(select(func.count()).where(Job.blob.is_not(None))) == 0


def test_an_erasure_is_repeated_whole_after_an_old_backup_was_restored(campaign: Campaign) -> None:
    own_page(campaign, visibility="public")
    public_id = signature(campaign).public_id
    with campaign.app.app_context():
        own_page_services.replay("erased", public_id)  # without the leaving before it, nothing
        db.session.commit()
        assert db.session.scalars(select(Signature.country)).one() == "IE"
        signature_services.replay("erased", public_id)
        own_page_services.replay("erased", public_id)
        db.session.commit()
    assert (signature(campaign).state, signature(campaign).country) == ("erased", "")
    assert [row.country for row in campaign.submissions()] == [""]


def test_erasing_one_leaves_all_others_as_they_are(campaign: Campaign) -> None:
    for address in ("ben@example.org", "cleo@example.org"):
        campaign.signed(address)
        campaign.press(campaign.mails(address)[-1].links["withdraw"])  # rows without an index, like each other
    campaign.signed("dora@example.org")
    own = own_page(campaign, "ada@example.org")
    press(campaign, own, "links")
    campaign.work()
    before = {row.public_id: row.country for row in campaign.submissions()}
    press(campaign, letters(campaign, "ada@example.org")[-1].own, "erase")
    after = {row.public_id: row.country for row in campaign.submissions()}
    assert [key for key in before if after[key] != before[key]] == [row.public_id for row in campaign.submissions()][
        -1:
    ]
    assert (
        campaign.count() == 1 and campaign.client.get(letters(campaign, "dora@example.org")[-1].own).status_code == 200
    )


def test_before_confirming_one_can_leave_and_the_mailed_links_are_dead(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    confirm = campaign.mails()[0].links["confirm"]
    assert press(campaign, letters(campaign)[-1].own, "erase").status_code == 303
    campaign.press(confirm)
    assert campaign.count() == 0 and campaign.submissions()[0].blob is None


@pytest.mark.parametrize("act", STATES)
def test_a_signature_that_was_set_aside_can_leave_without_lowering_the_number_again(
    campaign: Campaign, act: str
) -> None:
    own = own_page(campaign)
    public_id = signature(campaign).public_id
    with campaign.app.app_context():
        keys = {"key_id": "k", "data_key_id": "d", "blob": b"sealed condition"}
        taken = Invalidation(public_id="i", petition_id=campaign.id, created_by="organiser@example.org", **keys)
        db.session.add(taken)
        db.session.flush()
        set_aside = {"state": SignatureState.INVALIDATED, "invalidation_id": taken.id}
        db.session.execute(update(Signature).values(**set_aside))
        tallies.change(campaign.id, -1, country="IE", source="other", hour=clock.to_hour(clock.now()))
        db.session.commit()
    assert campaign.count() == 0
    assert press(campaign, own, act).status_code == 303
    row = signature(campaign)
    assert (row.state, row.blob, row.email_index) == (STATES[act], None, None)
    assert campaign.count() == 0 and rows(campaign, TallyChange) == 0
    assert (REASONS[act], public_id) in list(campaign.app.extensions["vault"].keystore.read_journal())
    assert rows(campaign, Job, Job.kind == "journal") == 1


def test_who_never_signed_is_silent_until_the_petition_closes(campaign: Campaign) -> None:
    own = own_page(campaign)
    press(campaign, own, "disown")
    before = len(letters(campaign))
    campaign.sign()
    ask_for_link(campaign)
    campaign.work()
    assert len(letters(campaign)) == before


ENDINGS: dict[str, tuple[dict[str, Any], bool]] = {
    "open": ({}, False),
    "to close": ({"closes_at": 10}, False),
    "just closed": ({"state": PetitionState.CLOSED, "closes_at": -1}, False),
    "closed": ({"state": PetitionState.CLOSED, "closes_at": -25}, True),
    "ran out": ({"closes_at": -25}, True),
    "won early": ({"state": PetitionState.VICTORY, "closes_at": 10}, True),
    "won": ({"state": PetitionState.VICTORY}, True),
    "delivered": ({"state": PetitionState.DELIVERED, "closes_at": -100}, True),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_silenced_address_is_forgotten_once_nothing_can_be_signed(campaign: Campaign, ending: str) -> None:
    press(campaign, own_page(campaign), "disown")
    values, forgotten = ENDINGS[ending]
    if "closes_at" in values:
        values = {**values, "closes_at": clock.now() + timedelta(hours=values["closes_at"])}
    with campaign.app.app_context():
        if values:
            db.session.execute(update(Petition).values(values))
            db.session.commit()
        assert own_page_jobs.forget_suppressions() is forgotten
    assert rows(campaign, Suppression) == (0 if forgotten else 1)


@pytest.mark.parametrize("door", ["own page", "mail"])
def test_a_link_that_still_waits_to_be_mailed_goes_with_who_leaves(campaign: Campaign, door: str) -> None:
    own = own_page(campaign)
    withdraw = campaign.mails()[-1].links["withdraw"]
    ask_for_link(campaign)
    with campaign.app.app_context():
        worker = campaign.app.extensions["jobs"]
        job = db.session.scalars(select(Job).where(Job.kind == "petitions.own_link")).one()
        worker.handlers[job.kind](job)  # the mail is promised, and not yet sent
        db.session.commit()
    assert rows(campaign, Job, Job.kind == "mail", Job.blob.is_not(None)) == 1
    assert (press(campaign, own, "withdraw") if door == "own page" else campaign.press(withdraw)).status_code == 303
    with campaign.app.app_context():
        assert own_page_mails.recall_left() is True
        assert own_page_mails.recall_left() is False
    assert rows(campaign, Job, Job.kind == "mail", Job.blob.is_not(None)) == 0


@pytest.mark.parametrize("door", ["own page", "mail"])
@pytest.mark.parametrize("act", ["data", "links"])
def test_what_waits_to_be_mailed_for_the_own_page_goes_at_once_with_who_leaves(
    campaign: Campaign, door: str, act: str
) -> None:
    stay, own = own_page(campaign, "ben@example.org"), own_page(campaign)
    withdraw = campaign.mails("ada@example.org")[-1].links["withdraw"]
    for page in (stay, own):
        assert press(campaign, page, act).status_code == 303
    with campaign.app.app_context():
        kinds = ("petitions.own_data", "petitions.renew_link")
        while (job := claim(clock.now(), Job.kind.in_(kinds))) is not None:
            run(job, campaign.app.extensions["jobs"].handlers)  # the mails are promised, and not yet sent
    waiting = (Job.kind == "mail", Job.blob.is_not(None))
    assert rows(campaign, Job, *waiting) == 2
    if act == "links" or door == "mail":
        assert campaign.press(withdraw).status_code == 303
    else:
        assert press(campaign, own, "erase").status_code == 303
    with campaign.app.app_context():
        signature_services.leave(campaign.id, b"nobody's index", ExitReason.WITHDRAWN)
        db.session.commit()
    assert rows(campaign, Job, *waiting) == 1, "no tick has run, and nobody else's was taken"
    campaign.work()
    assert [letter.to for letter in letters(campaign)][-1] == "ben@example.org"


def test_a_link_after_a_year_of_silence_needs_a_new_mail(campaign: Campaign) -> None:
    own = own_page(campaign)
    with time_machine.travel(clock.now() + timedelta(days=365)):
        assert campaign.client.get(own).status_code in (404, 410)
        ask_for_link(campaign)
        campaign.work()
        assert "Your signature counts." in campaign.client.get(letters(campaign)[-1].own).text


def test_two_who_left_have_nothing_in_common(campaign: Campaign) -> None:
    for address in ("ben@example.org", "cleo@example.org"):
        press(campaign, own_page(campaign, address), "withdraw")
    tokens = rows(campaign, SignatureToken, SignatureToken.purpose == Purpose.MANAGE)
    with campaign.app.app_context():
        ben = standing_of(db.session.scalars(select(Submission).order_by(Submission.id)).first())  # type: ignore[arg-type]
        assert ben.row is None and ben.signature is None
        vault().prepare(SITE)
        revoke(ben)  # ends nothing: there is no address, and two indexes that are gone are not the same index
        db.session.commit()
    left = rows(campaign, SignatureToken, SignatureToken.purpose == Purpose.MANAGE)
    assert 0 < left == tokens and rows(campaign, Job, Job.kind == "petitions.renew_link") == 0
