"""A signatory's own page: it shows what is in clear, narrows at once, never widens, and its links can be ended."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from core import clock, relay
from core.db import Base, db
from core.jobs import Job, claim
from core.vault import vault
from operations import retention_run
from petitions import services, signature_services, submission_services
from petitions.models import ConsentText, Petition, Signature, SignatureToken, Submission
from petitions.own_page import services as own_page_services
from petitions.persons import open_person
from petitions.states import Purpose, SignatureState, Visibility
from tests.petitions.conftest import Campaign
from tests.petitions.guarded import limits_on, through_tor
from tests.petitions.own_pages import TONIGHT, ask_for_link, jobs_left, letters, own_page, press, rows, signature

NAME = "Zenobia Sentinel"
ACTS = ("visibility", "name", "updates", "data", "links", "withdraw", "erase", "disown")


def everything(app: Flask) -> dict[str, list[str]]:
    with app.app_context():
        return {
            table.name: sorted(map(repr, db.session.execute(select(table)))) for table in Base.metadata.sorted_tables
        }


def sealed(campaign: Campaign) -> dict[str, Any]:
    with campaign.app.app_context():
        row = db.session.scalars(select(Signature)).one()
        return open_person(db.session.get_one(Petition, row.petition_id), row)


def test_the_page_shows_what_stands_in_clear_and_nothing_that_is_sealed(campaign: Campaign) -> None:
    own = own_page(
        campaign, "zenobia@example.org", name=NAME, role="Secretary X", affiliation="Workers Y", postal_code="D02 X1",
        comment="Because Z", visibility="recipients",
    )  # fmt: skip
    answer = campaign.client.get(own)
    assert answer.status_code == 200
    for shown in ("Your signature counts.", "Ireland", "go to the recipient, and are not published", "A. Recipient"):
        assert shown in answer.text
    with campaign.app.app_context():
        assert clock.day(clock.now().date()) in answer.text
    for hidden in ("Zenobia", "zenobia", "Secretary X", "Workers Y", "D02", "Because Z"):
        assert hidden not in answer.text
    assert answer.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in answer.headers
    assert "noindex" in answer.headers["X-Robots-Tag"] and 'name="robots" content="noindex"' in answer.text


def test_the_page_says_whether_the_name_is_public_without_saying_the_name(campaign: Campaign) -> None:
    own = own_page(campaign, name=NAME, visibility="public")
    assert signature(campaign).public_name == NAME
    shown = campaign.client.get(own).text
    assert "Your name stands on this site." in shown and NAME not in shown


def test_looking_changes_nothing(campaign: Campaign) -> None:
    own = own_page(campaign, visibility="public")
    before = everything(campaign.app)
    for path in (own, *(f"{own}/own/{act}" for act in ACTS), "/signatures/manage", "/signatures/manage/sent"):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert campaign.client.open(path, method=method).status_code == 200, path
    assert everything(campaign.app) == before


def test_a_form_that_is_too_old_changes_nothing_and_says_so(campaign: Campaign) -> None:
    own = own_page(campaign, visibility="public")
    before = everything(campaign.app)
    for act in ACTS:
        answer = campaign.client.post(f"{own}/own/{act}", data={"visibility": "counted", "updates": "no", "name": "B"})
        assert answer.status_code == 422 and "Press the button once more" in answer.text, act
    assert everything(campaign.app) == before


@pytest.mark.parametrize("to", ["recipients", "counted"])
def test_narrowing_takes_the_name_off_the_site_at_once(campaign: Campaign, to: str) -> None:
    own = own_page(campaign, name=NAME, visibility="public", affiliation="Workers Y")
    assert press(campaign, own, "visibility", visibility=to).status_code == 303
    for path in ("", "/signatories", ".json"):  # no worker has run
        assert NAME not in campaign.client.get(f"/petitions/{campaign.slug}{path}").text
    row = signature(campaign)
    assert (row.visibility, row.public_name, row.public_affiliation) == (to, None, None)
    with campaign.app.app_context():
        agreed = db.session.get_one(ConsentText, row.consent_digest)
        assert (agreed.visibility, agreed.petition_id) == (to, campaign.id)
    assert campaign.count() == 1 and signature(campaign).public_name is None


def test_a_choice_is_never_widened_and_the_refusal_says_what_to_do(campaign: Campaign) -> None:
    own = own_page(campaign, visibility="counted")
    before = signature(campaign).consent_digest
    for wider in ("public", "recipients"):
        answer = press(campaign, own, "visibility", visibility=wider)
        assert answer.status_code == 422 and "withdraw your signature and sign again" in answer.text
    assert press(campaign, own, "visibility", visibility="nonsense").status_code == 422
    assert (signature(campaign).visibility, signature(campaign).consent_digest) == ("counted", before)


def test_of_two_tabs_the_narrower_choice_stays(campaign: Campaign) -> None:
    own = own_page(campaign, visibility="public")
    with campaign.app.app_context():
        standing = own_page_services.get(own.rpartition("/")[2])  # what a tab showed before the other one acted
        db.session.commit()
        loaded = standing.signature
        assert loaded is not None
        db.session.execute(update(Signature).values(visibility="counted", public_name=None))
        db.session.commit()
        own_page_services._narrow(db.session.get_one(Petition, campaign.id), loaded, Visibility.RECIPIENTS)
        db.session.commit()
    assert signature(campaign).visibility == "counted"
    assert press(campaign, own, "visibility", visibility="recipients").status_code == 422
    for _ in range(2):
        assert press(campaign, own, "visibility", visibility="counted").status_code == 303


def test_narrowing_lets_no_further_official_see_the_name(campaign: Campaign) -> None:
    own = own_page(campaign, visibility="public")
    with campaign.app.app_context():
        petition = services.get(campaign.id)
        petition.recipients[0].name = "Another Official"
        db.session.flush()
        services.record_consent(petition)
        db.session.commit()
    assert press(campaign, own, "visibility", visibility="recipients").status_code == 303
    with campaign.app.app_context():
        agreed = db.session.get_one(ConsentText, db.session.scalars(select(Signature.consent_digest)).one())
        assert agreed.recipients == ["a. recipient"] and agreed.visibility == "recipients"


def test_before_confirming_the_page_shows_what_was_sent_and_can_narrow_it(campaign: Campaign) -> None:
    campaign.sign(name=NAME, visibility="public")
    campaign.work()
    letter = letters(campaign)[-1]
    shown = campaign.client.get(letter.own).text
    assert "Nothing is counted yet" in shown and "are published on this site" in shown and NAME not in shown
    assert press(campaign, letter.own, "visibility", visibility="counted").status_code == 303
    assert campaign.press(campaign.mails()[-1].links["confirm"]).status_code == 303
    campaign.work()
    row = signature(campaign)
    assert (row.visibility, row.public_name) == ("counted", None)
    with campaign.app.app_context():
        assert db.session.get_one(ConsentText, row.consent_digest).visibility == "counted"


def test_a_narrowing_is_repeated_after_an_old_backup_was_restored(campaign: Campaign) -> None:
    own = own_page(campaign, name=NAME, visibility="public")
    press(campaign, own, "visibility", visibility="counted")
    campaign.work()
    public_id = signature(campaign).public_id
    assert ("narrowed-counted", public_id) in list(campaign.app.extensions["vault"].keystore.read_journal())
    with campaign.app.app_context():
        db.session.execute(update(Signature).values(visibility="public", public_name=NAME))
        for act, who in (
            ("narrowed-counted", public_id),
            ("narrowed-public", public_id),
            ("narrowed-counted", "nobody"),
        ):
            own_page_services.replay(act, who)
        db.session.commit()
    assert (signature(campaign).visibility, signature(campaign).public_name) == ("counted", None)


def test_a_corrected_name_is_sealed_anew_under_its_salt_and_shown_where_it_is_public(campaign: Campaign) -> None:
    own = own_page(campaign, name="Zenobia Misspelt", role="Old role", comment="Mine", visibility="public", updates="y")
    before, was = sealed(campaign), signature(campaign)
    with campaign.app.app_context():
        vault().forget()  # as after ten minutes
    fields = {"name": NAME, "role": "", "affiliation": "Workers Y"}
    assert press(campaign, own, "name", **fields).status_code == 303
    assert press(campaign, own, "name", **fields).status_code == 303
    assert signature(campaign).public_name == "Zenobia Misspelt" and rows(
        campaign, Job, Job.kind == "petitions.correct"
    )
    campaign.work()
    now = signature(campaign)
    assert (now.public_name, now.public_affiliation) == (NAME, "Workers Y")
    assert sealed(campaign) == {**before, **fields}
    assert now.data_key_id != was.data_key_id and now.blob != was.blob
    assert rows(campaign, Job, Job.blob.is_not(None)) == 0
    assert NAME in campaign.client.get(f"/petitions/{campaign.slug}/signatories").text


def test_the_newest_correction_stands_whatever_the_order_of_the_work(campaign: Campaign) -> None:
    own = own_page(campaign)
    press(campaign, own, "name", name="First Wish")
    press(campaign, own, "updates", updates="yes")
    press(campaign, own, "name", name="Second Wish")
    with campaign.app.app_context():
        oldest = select(Job.id).where(Job.kind == "petitions.correct").order_by(Job.id).limit(1)
        db.session.execute(
            update(Job).where(Job.id == oldest.scalar_subquery()).values(run_at=clock.now() + timedelta(hours=1))
        )
        db.session.commit()
    campaign.work()
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        campaign.work()
    assert (sealed(campaign)["name"], sealed(campaign)["updates"]) == ("Second Wish", True)
    assert signature(campaign).public_name is None


def test_a_name_that_could_not_be_signed_with_is_no_correction(campaign: Campaign) -> None:
    own = own_page(campaign, name=NAME)
    for name in ("", "  ", "www.example.com", "x" * 121, "12345"):
        answer = press(campaign, own, "name", name=name, role="Kept as typed")
        assert answer.status_code == 422 and "Kept as typed" in answer.text
    assert rows(campaign, Job, Job.kind == "petitions.correct") == 0


@pytest.mark.parametrize(("pressed", "stored"), [("yes", True), ("no", False)])
def test_news_is_switched_by_a_sealed_wish(campaign: Campaign, pressed: str, stored: bool) -> None:
    own = own_page(campaign, **({} if stored else {"updates": "y"}))
    assert sealed(campaign)["updates"] is not stored
    assert press(campaign, own, "updates", updates=pressed).status_code == 303
    with campaign.app.app_context():
        job = db.session.scalars(select(Job).where(Job.kind == "petitions.correct")).one()
        assert job.args == {} and job.blob is not None
    campaign.work()
    assert sealed(campaign)["updates"] is stored
    assert press(campaign, own, "updates", updates="perhaps").status_code == 422


def test_before_confirming_a_name_can_be_corrected_too(campaign: Campaign) -> None:
    campaign.sign(name="Zenobia Misspelt", visibility="public")
    campaign.work()
    press(campaign, letters(campaign)[-1].own, "name", name=NAME)
    campaign.work()
    campaign.press(campaign.mails()[0].links["confirm"])
    campaign.work()
    assert signature(campaign).public_name == NAME


def test_a_link_of_another_purpose_opens_nothing(campaign: Campaign) -> None:
    own = own_page(campaign)
    before = everything(campaign.app)
    for link in campaign.mails()[-1].links.values():
        assert campaign.client.get(link.rpartition("/")[0]).status_code == 404
    for act in ("withdraw", "disown", "confirm"):
        assert campaign.client.get(f"{own}/{act}").status_code == 404
        assert campaign.press(f"{own}/{act}").status_code == 404
    for act in ACTS:
        assert press(campaign, "/signatures/" + "a" * 43, act).status_code == 404
    assert everything(campaign.app) == before


def test_a_link_works_for_thirty_days_from_its_mail(campaign: Campaign) -> None:
    own = own_page(campaign)
    with time_machine.travel(clock.now() + timedelta(days=29, hours=23)):
        assert campaign.client.get(own).status_code == 200
    with time_machine.travel(clock.now() + timedelta(days=30, minutes=1)):
        answer = campaign.client.get(own)
        assert answer.status_code in (404, 410) and "Mail me a new link" in answer.text
        assert press(campaign, own, "erase").status_code in (404, 410)
    assert campaign.valid() == 1


def test_old_links_are_ended_at_once_and_one_new_one_is_mailed(campaign: Campaign) -> None:
    campaign.sign()
    own = own_page(campaign)
    others = {letter.own for letter in letters(campaign)} - {own}
    assert others
    before = len(letters(campaign))
    answer = press(campaign, own, "links")
    assert answer.status_code == 303 and "A new one is on its way" in campaign.client.get(answer.location).text
    for old in (own, *others):
        assert campaign.client.get(old).status_code == 404
    assert press(campaign, own, "links").status_code == 404
    campaign.work()
    assert len(letters(campaign)) == before + 1
    new = letters(campaign)[-1].own
    assert campaign.client.get(new).status_code == 200
    assert rows(campaign, SignatureToken, SignatureToken.purpose == Purpose.MANAGE) == 1
    assert campaign.client.get(campaign.mails()[0].links["withdraw"]).status_code == 200


def test_who_comes_back_to_an_archived_petition_can_still_leave(campaign: Campaign) -> None:
    own = own_page(campaign)
    with campaign.app.app_context():
        db.session.execute(update(Petition).values(state="archived"))
        db.session.commit()
    assert f"/petitions/{campaign.slug}" in campaign.client.get(own).text
    assert campaign.client.get(f"/petitions/{campaign.slug}?fresh").status_code == 200, "an archived one keeps a page"
    assert press(campaign, own, "erase").status_code == 303
    assert campaign.valid() == 0 and campaign.client.get(own).status_code == 200


def test_a_signature_that_was_set_aside_says_so(campaign: Campaign) -> None:
    own = own_page(campaign)
    with campaign.app.app_context():
        db.session.execute(update(Signature).values(state=SignatureState.INVALIDATED))
        db.session.commit()
    assert "not counted at present" in campaign.client.get(own).text


def test_a_second_submission_leads_to_the_signature_that_stands(campaign: Campaign) -> None:
    own_page(campaign, visibility="public")
    campaign.sign(visibility="recipients")
    campaign.work()
    own = letters(campaign)[-1].own
    shown = campaign.client.get(own).text
    assert "Your signature counts." in shown and "are published on this site" in shown
    press(campaign, own, "visibility", visibility="counted")
    assert signature(campaign).visibility == "counted"
    assert {row.visibility for row in campaign.submissions()} <= {Visibility.COUNTED, Visibility.PUBLIC}


def test_a_confirmation_that_began_before_a_narrowing_does_not_widen_it_again(campaign: Campaign) -> None:
    campaign.sign(name=NAME, visibility="public")
    campaign.work()
    own = letters(campaign)[-1].own
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        submission = db.session.scalars(select(Submission)).one()
        assert (petition.slug, submission.visibility) == (campaign.slug, Visibility.PUBLIC)  # both are read by now
        with db.engine.begin() as other:  # another process narrows between the reading and the confirming
            other.execute(update(Submission.__table__).values(visibility=Visibility.COUNTED))  # type: ignore[arg-type]
        signature_services.confirm(petition, submission)
        db.session.commit()
    assert campaign.client.get(own).status_code == 200
    assert signature(campaign).visibility == "counted"


def cleared(campaign: Campaign) -> str:
    """The own page of somebody who is only counted, a week later: name and address are deleted."""
    own = own_page(campaign, visibility="counted")
    with campaign.app.app_context():
        retention_run.run(clock.now() + timedelta(days=8))
    assert signature(campaign).blob is None
    return own


def test_once_name_and_address_are_deleted_the_page_says_so_and_offers_to_leave_only(campaign: Campaign) -> None:
    own = cleared(campaign)
    shown = campaign.client.get(own).text
    assert "Your name and address have been deleted" in shown
    for act in ("name", "updates", "data", "links"):
        assert f"{own}/own/{act}" not in shown
        answer = campaign.client.get(f"{own}/own/{act}")
        assert (answer.status_code, answer.location) == (303, own)
    assert all(f"{own}/own/{act}" in shown for act in ("withdraw", "erase", "disown"))
    assert press(campaign, own, "withdraw").status_code == 303 and campaign.count() == 0


def test_who_has_no_address_any_more_asks_in_vain_and_loses_no_link(campaign: Campaign) -> None:
    own = cleared(campaign)
    before = everything(campaign.app)
    for act in ("name", "updates", "data", "links"):
        answer = press(campaign, own, act, name=NAME, updates="yes")
        assert (answer.status_code, answer.location) == (303, own)
    assert everything(campaign.app) == before and campaign.client.get(own).status_code == 200
    assert ask_for_link(campaign).location == ask_for_link(campaign, "eve@example.org").location
    campaign.work()
    assert letters(campaign) == []
    assert jobs_left(campaign) == rows(campaign, Job, Job.last_error.is_not(None)) == 0


@pytest.mark.parametrize("act", ["data", "links", "link"])
def test_a_wish_that_the_worker_comes_to_after_the_address_was_deleted_is_no_fault(
    campaign: Campaign, act: str
) -> None:
    own = own_page(campaign, visibility="counted")
    assert (ask_for_link(campaign) if act == "link" else press(campaign, own, act)).status_code == 303
    with campaign.app.app_context():
        retention_run.run(clock.now() + timedelta(days=8))
    campaign.work()
    assert letters(campaign) == []  # the mails of a week ago are gone, too
    assert jobs_left(campaign) == rows(campaign, Job, Job.last_error.is_not(None)) == 0


def test_no_wish_goes_before_the_mails_that_ask_to_confirm(campaign: Campaign) -> None:
    own = own_page(campaign)
    unsubscribe = letters(campaign)[-1].unsubscribe
    for number in range(3):
        press(campaign, own, "updates", updates="yes")
        press(campaign, own, "name", name=f"Ada {'x' * number}")
        campaign.client.post(unsubscribe, data={"stop": "yes"})
        campaign.client.post(f"{unsubscribe}/undo", data={"token": campaign.token()})
    press(campaign, own, "data")
    press(campaign, own, "links")
    ask_for_link(campaign)
    campaign.sign("honest@example.org")
    with campaign.app.app_context():
        submission_services.open_received()
        first = claim(clock.now())
        assert first is not None and (first.kind, first.priority) == ("mail", relay.CONFIRMATION)
        waiting = db.session.scalars(select(Job.kind).where(Job.state == "queued", Job.kind != TONIGHT)).all()
    assert {kind: waiting.count(kind) for kind in set(waiting)} == {
        "petitions.correct": 6, "journal": 7, "petitions.own_data": 1, "petitions.renew_link": 1, "petitions.own_link": 1,
    }  # fmt: skip


def test_one_network_wishes_so_often_an_hour_and_may_still_narrow_leave_and_end_links(campaign: Campaign) -> None:
    own_page(campaign, "ben@example.org")
    own = own_page(campaign, visibility="public")
    with limits_on(campaign.app):
        for _ in range(60):
            assert press(campaign, own, "updates", updates="yes").status_code == 303
        for act in ("updates", "name", "data"):
            answer = press(campaign, own, act, updates="yes", name="Ada Kept")
            assert answer.status_code == 429 and "Try again in an hour" in answer.text
        assert "Ada Kept" in press(campaign, own, "name", name="Ada Kept").text
        assert press(campaign, own, "visibility", visibility="counted").status_code == 303
        assert press(campaign, own, "erase").status_code == 303
        other = letters(campaign, "ben@example.org")[-1].own
        assert press(campaign, other, "links").status_code == 303
    assert rows(campaign, Job, Job.kind == "petitions.correct") == 60


def test_through_tor_nobody_is_refused_for_what_others_wish(campaign: Campaign) -> None:
    busy, other = own_page(campaign, "busy@example.org"), own_page(campaign, "other@example.org")
    with through_tor(campaign.app):
        for _ in range(60):
            assert press(campaign, busy, "updates", updates="yes").status_code == 303
        assert press(campaign, busy, "updates", updates="yes").status_code == 429
        assert press(campaign, other, "updates", updates="yes").status_code == 303
