"""Double opt-in: what the mail says, what its link does, and what a second press does."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core import clock
from core.db import db
from petitions import confirmation_services, services, submission_services
from petitions.models import Signature, Submission
from petitions.persons import open_person
from petitions.states import PetitionState, SubmissionState
from tests.petitions.conftest import Campaign


def test_the_mail_shows_name_and_choice_and_gives_nothing_away_outside(campaign: Campaign) -> None:
    campaign.sign("ada@example.org", name="Ada Example", visibility="counted")
    campaign.work()
    (mail,) = campaign.mails()
    assert mail.to == "ada@example.org" and "Ada Example" in mail.text and "to nobody" in mail.text
    assert set(mail.links) == {"confirm", "withdraw", "disown"}
    for word in ("petition", "sign", "Petition", "Ada"):
        assert word not in mail.subject


def test_only_pressing_counts_and_a_second_press_changes_nothing(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    link = campaign.mails()[0].links["confirm"]
    for _ in range(3):
        shown = campaign.client.get(link)
        assert shown.status_code == 200 and "<button" in shown.text
        assert campaign.client.head(link).status_code == 200
    assert campaign.count() == 0
    for _ in range(3):
        answer = campaign.press(link)
        assert answer.status_code == 303
        assert "counts" in campaign.client.get(answer.headers["Location"]).text
    assert campaign.count() == campaign.valid() == 1
    assert len([mail for mail in campaign.mails() if "withdraw" in mail.links and "confirm" not in mail.links]) == 1


def test_a_press_without_the_forms_token_asks_for_another_press(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    link = campaign.mails()[0].links["confirm"]
    assert campaign.client.post(link).status_code == 422
    assert (
        campaign.client.post(
            link, data={"token": campaign.token()}, headers={"Sec-Fetch-Site": "cross-site"}
        ).status_code
        == 403
    )
    assert campaign.count() == 0


def test_a_link_serves_its_purpose_only(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    links = campaign.mails()[0].links
    assert campaign.press(links["disown"].replace("disown", "confirm")).status_code == 404
    assert campaign.press(links["confirm"].replace("confirm", "withdraw")).status_code == 404
    assert campaign.press(links["confirm"][:-9] + "x/confirm").status_code == 404
    assert campaign.client.get("/signatures/abc/erase").status_code == 404


def test_the_code_on_the_thanks_page_confirms_too(campaign: Campaign) -> None:
    answer = campaign.sign()
    campaign.work()
    code = campaign.mails()[0].code
    sealed = answer.headers["Location"].partition("?t=")[2]
    where = f"/petitions/{campaign.slug}/thanks"
    wrong = campaign.press(where, t=sealed, code="AAAA-AAAA")
    assert wrong.status_code == 422 and "code" in wrong.text
    assert campaign.press(where, t=sealed, code=code.lower().replace("-", " ")).status_code == 303
    assert campaign.count() == 1


def test_five_wrong_codes_end_the_code_but_not_the_link(campaign: Campaign) -> None:
    answer = campaign.sign()
    campaign.work()
    mail = campaign.mails()[0]
    sealed = answer.headers["Location"].partition("?t=")[2]
    for _ in range(5):
        assert campaign.press(f"/petitions/{campaign.slug}/thanks", t=sealed, code="AAAA-AAAA").status_code == 422
    assert campaign.press(f"/petitions/{campaign.slug}/thanks", t=sealed, code=mail.code).status_code == 422
    assert campaign.count() == 0
    assert campaign.press(mail.links["confirm"]).status_code == 303
    assert campaign.count() == 1


def test_a_code_fits_its_own_submission_only(campaign: Campaign) -> None:
    first, second = campaign.sign("a@example.org"), campaign.sign("b@example.org")
    campaign.work()
    sealed = second.headers["Location"].partition("?t=")[2]
    code = campaign.mails("a@example.org")[0].code
    assert campaign.press(f"/petitions/{campaign.slug}/thanks", t=sealed, code=code).status_code == 422
    assert campaign.press(f"/petitions/{campaign.slug}/thanks", t="forged", code=code).status_code == 422
    assert first.status_code == 303 and campaign.count() == 0


def test_signing_again_mails_that_one_has_signed_and_counts_once(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    campaign.sign("Ada+again@example.org")
    campaign.work()
    last = campaign.mails("Ada+again@example.org")[-1]
    assert "confirm" not in last.links and set(last.links) == {"withdraw", "disown"}
    assert campaign.count() == 1


def test_each_link_confirms_what_its_own_mail_showed_and_the_first_wins(campaign: Campaign) -> None:
    campaign.sign("ada@example.org", name="Troll Typed", visibility="public")
    campaign.sign("ada@example.org", name="Ada Herself", visibility="recipients")
    campaign.work()
    troll, own = campaign.mails("ada@example.org")
    if "Troll" in own.text:
        troll, own = own, troll
    campaign.press(own.links["confirm"])
    campaign.press(troll.links["confirm"])
    assert campaign.count() == 1
    with campaign.app.app_context():
        signature = db.session.scalars(select(Signature)).one()
        assert open_person(services.get(campaign.id), signature)["name"] == "Ada Herself"
        assert signature.public_name is None


def test_an_address_gets_at_most_five_mails_a_petition(campaign: Campaign) -> None:
    for number in range(8):
        campaign.sign(f"ada+{number}@example.org")
    campaign.work()
    assert len(campaign.mails()) == 5
    assert [one.state for one in campaign.submissions()].count(SubmissionState.HELD) == 3


def test_an_unconfirmed_submission_loses_everything_after_21_days(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    link = campaign.mails()[0].links["confirm"]
    with campaign.app.app_context():
        db.session.execute(update(Submission).values(expires_at=clock.now() - timedelta(minutes=1)))
        db.session.commit()
        confirmation_services.expire()
    (submission,) = campaign.submissions()
    assert submission.state == SubmissionState.EXPIRED
    assert submission.blob is None and submission.email_index is None and submission.code_digest is None
    campaign.press(link)
    assert campaign.count() == 0


@pytest.mark.parametrize(("country", "asked"), [("AT", True), ("KZ", True), ("IE", False)])
def test_who_lives_under_the_recipient_is_asked_again(campaign: Campaign, country: str, asked: bool) -> None:
    campaign.sign(country=country, visibility="public")
    campaign.work()
    link = campaign.mails()[0].links["confirm"]
    page = campaign.client.get(link).text
    assert ('name="visibility"' in page) is asked
    if asked:
        assert 'value="recipients"' not in page, "a choice is never widened, nor changed to one not offered"
    campaign.press(link, visibility="counted")
    campaign.work()
    with campaign.app.app_context():
        assert db.session.scalars(select(Signature)).one().visibility == "counted"


@pytest.mark.parametrize("wider", ["public", "recipients", "", "nonsense"])
def test_confirming_never_widens_a_choice(campaign: Campaign, wider: str) -> None:
    campaign.sign(visibility="counted")
    campaign.work()
    campaign.press(campaign.mails()[0].links["confirm"], visibility=wider)
    campaign.work()
    with campaign.app.app_context():
        signature = db.session.scalars(select(Signature)).one()
        assert signature.visibility == "counted" and signature.public_name is None


@pytest.mark.parametrize(("late", "counted"), [(timedelta(hours=23), 1), (timedelta(hours=25), 0)])
def test_who_signed_in_time_may_confirm_for_a_day_after_closing(
    campaign: Campaign, late: timedelta, counted: int
) -> None:
    campaign.sign()
    campaign.work()
    with campaign.app.app_context():
        services.move(services.get(campaign.id), PetitionState.CLOSED)
        db.session.execute(update(Submission).values(received_at=clock.now() - late - timedelta(hours=1)))
        services.edit(services.get(campaign.id), closes_at=clock.now() - late)
        db.session.commit()
    answer = campaign.press(campaign.mails()[0].links["confirm"])
    assert answer.status_code == (303 if counted else 409)
    assert campaign.count() == counted


def test_what_was_agreed_to_can_be_read_back(campaign: Campaign) -> None:
    from petitions.models import ConsentText

    campaign.signed("ada@example.org", visibility="recipients")
    with campaign.app.app_context():
        services.edit(services.get(campaign.id), letter="Another letter.")
        db.session.commit()
        signature = db.session.scalars(select(Signature)).one()
        agreed = db.session.get_one(ConsentText, signature.consent_digest)
        versions = set(db.session.scalars(select(ConsentText.version)))
    assert "Release them." in agreed.text and "A. Recipient" in agreed.text and versions == {1, 2}


def test_a_row_that_was_changed_is_held_and_stops_nobody_else(campaign: Campaign) -> None:
    campaign.sign("a@example.org")
    campaign.sign("b@example.org")
    with campaign.app.app_context():
        blobs = db.session.scalars(select(Submission.blob).order_by(Submission.id)).all()
        db.session.execute(update(Submission).where(Submission.id == campaign_first_id()).values(blob=blobs[1]))
        db.session.commit()
    campaign.work()
    assert [mail.to for mail in campaign.mails()] == ["b@example.org"]
    assert campaign.submissions()[0].state == SubmissionState.HELD


def test_a_row_that_holds_nonsense_stops_nobody_else_either(campaign: Campaign) -> None:
    campaign.sign("b@example.org")
    with campaign.app.app_context():
        petition = services.get(campaign.id)
        person = {"name": "A", "email": "a@" + "\u0378" * 80 + ".org"}  # no such letters, and too long a label
        for broken in (person, {}):
            values = {"country": "IE", "visibility": "counted", "source": ""}
            submission_services.submit(petition, person=broken, **values)
        db.session.commit()
    campaign.work()
    assert [mail.to for mail in campaign.mails()] == ["b@example.org"]
    assert [one.state for one in campaign.submissions()] == ["mailed", "held", "held"]


@pytest.mark.parametrize(
    ("address", "told"),
    [("ada@bücher.example", "xn--bcher-kva.example"), ("ada@straße.example", "xn--strae-oqa.example")],
)
def test_a_domain_of_any_script_is_written_to_as_mail_servers_know_it(
    campaign: Campaign, address: str, told: str
) -> None:
    campaign.sign(address)
    campaign.work()
    (mail,) = campaign.mails()
    assert mail.to == f"ada@{told}"
    campaign.press(mail.links["confirm"])
    assert campaign.count() == 1


def campaign_first_id() -> object:
    return select(Submission.id).order_by(Submission.id).limit(1).scalar_subquery()


def test_two_petitions_of_one_case_do_not_know_each_other(make_campaign_of: Callable[..., Campaign]) -> None:
    first, second = make_campaign_of(), make_campaign_of()
    first.signed("ada@example.org")
    second.signed("ada@example.org")
    assert (first.count(), second.count()) == (1, 1)
    with first.app.app_context():
        one, other = db.session.scalars(select(Signature.email_index)).all()
    assert one != other


def test_a_code_counts_at_its_own_petition_only(make_campaign_of: Callable[..., Campaign]) -> None:
    first, second = make_campaign_of(), make_campaign_of()
    sealed = first.sign().headers["Location"].partition("?t=")[2]
    first.work()
    code = first.mails()[0].code
    assert first.press(f"/petitions/{second.slug}/thanks", t=sealed, code=code).status_code == 422
    assert first.count() == second.count() == 0
    assert first.press(f"/petitions/{first.slug}/thanks", t=sealed, code=code).status_code == 303
    assert (first.count(), second.count()) == (1, 0)


def test_sending_the_right_code_twice_shows_the_same_and_counts_once(campaign: Campaign) -> None:
    sealed = campaign.sign().headers["Location"].partition("?t=")[2]
    campaign.work()
    mail, where = campaign.mails()[0], f"/petitions/{campaign.slug}/thanks"
    assert [campaign.press(where, t=sealed, code=mail.code).status_code for _ in range(2)] == [303, 303]
    assert campaign.count() == 1
    campaign.press(mail.links["withdraw"])
    assert campaign.press(where, t=sealed, code=mail.code).status_code == 422


@pytest.mark.parametrize("way", ["link", "code"])
def test_who_is_asked_again_must_answer_before_the_signature_counts(campaign: Campaign, way: str) -> None:
    sealed = campaign.sign(country="KZ").headers["Location"].partition("?t=")[2]
    campaign.work()
    mail, where = campaign.mails()[0], f"/petitions/{campaign.slug}/thanks"
    path, fields = (mail.links["confirm"], {}) if way == "link" else (where, {"t": sealed, "code": mail.code})
    page = campaign.client.get(path if way == "link" else f"{where}?t={sealed}").text
    assert 'name="visibility"' in page and re.search(r'name="asked"[^>]*value="yes"', page)
    for wrong in ({}, {"visibility": "public"}):
        answer = campaign.press(path, **fields, **wrong, asked="yes")
        assert answer.status_code == 422 and "Choose who may see your name" in answer.text
    assert campaign.count() == 0
    assert campaign.press(path, **fields, asked="yes", visibility="counted").status_code == 303
    assert campaign.press(mail.links["confirm"]).status_code == 303, "pressing again shows the same"
    assert campaign.count() == 1
    assert campaign.fresh(select(Signature.visibility)) == "counted"


def test_a_program_that_was_not_shown_the_question_confirms_what_was_chosen_at_signing(campaign: Campaign) -> None:
    campaign.sign(country="AT", visibility="recipients")
    campaign.work()
    assert campaign.press(campaign.mails()[0].links["confirm"]).status_code == 303
    assert campaign.count() == 1


def test_the_mail_shows_whatever_goes_with_the_name(campaign: Campaign) -> None:
    campaign.sign(role="Chief", affiliation="A Party", country="FR")
    campaign.work()
    assert "Chief, A Party, France" in campaign.mails()[0].text
