"""Switches: turned in the office, obeyed at the door within a second, noted in the audit chain."""

import re
from html import unescape

import pytest
from sqlalchemy import func, select

from core import remembered
from core.db import db
from core.switches import Switches, switches
from petitions.abuse.models import DomainRule
from petitions.models import Petition, Submission
from petitions.states import RuleAction
from tests.organisers.conftest import Office
from tests.petitions.conftest import Campaign, make_campaign

AS_IT_STANDS = {
    "signing": "on",
    "giving": "on",
    "comments": "on",
    "mailing": "on",
    "proof": "auto",
    "giving_proof": "auto",
    "refund_fraud": "off",
    "second_person": "auto",
    "sampling": "off",
    "mails_an_hour": "",
    "mails_a_day": "",
}


@pytest.fixture
def campaign(office: Office) -> Campaign:
    return make_campaign(office.app)


def shown(office: Office) -> str:
    """What the page says of itself that it shows."""
    found = re.search(r'name="was"[^>]*value="([^"]*)"', office.client.get("/office/switches").text)
    assert found
    return unescape(found[1])


def turn(office: Office, **values: str) -> None:
    """Saves the page as it was just loaded, or `was`, with some values changed."""
    fields = {"was": shown(office), **AS_IT_STANDS, **values}
    assert office.saved("/office/switches", **fields) == "/office/switches"
    remembered.forget_all()


def now(office: Office) -> Switches:
    remembered.forget_all()
    with office.app.app_context():
        return switches()


def stored(campaign: Campaign) -> int:
    return int(campaign.fresh(select(func.count()).select_from(Submission)))


def test_the_page_shows_everything_as_it_stands(office: Office) -> None:
    page = office.get("/office/switches")
    assert "Mails an hour" in page and "No country is off" in page and "There is no rule yet" in page
    assert page.count(" checked ") == 10  # nine switches, and what a new rule would do


def test_signing_off_is_a_page_of_its_own_and_stores_nothing(office: Office, campaign: Campaign) -> None:
    turn(office, signing="off")
    answer = campaign.sign()
    assert answer.status_code == 409 and "Signing is paused for the moment" in answer.text
    assert stored(campaign) == 0
    shown = campaign.client.get(f"/petitions/{campaign.slug}?past=cache")
    assert shown.status_code == 200 and "Signing is paused for the moment" in shown.text and "<form" not in shown.text
    turn(office, signing="on")
    assert campaign.sign().status_code == 303
    assert office.acts() == [("switch.turned", "signing")] * 2


def test_who_has_a_mail_may_confirm_while_signing_is_off(office: Office, campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    turn(office, signing="off")
    assert campaign.press(campaign.mails()[-1].links["confirm"]).status_code == 303
    assert campaign.valid() == 1


def test_giving_off_leads_nobody_to_a_payment(office: Office, campaign: Campaign) -> None:
    turn(office, giving="off")
    client = office.app.test_client()
    assert "Giving is closed at the moment" in client.get("/donate?past=cache").text
    fields = {
        "amount": "25",
        "currency": "EUR",
        "frequency": "once",
        "email": "ada@example.org",
        "token": campaign.token(),
    }
    answer = client.post("/donate", data=fields)
    assert answer.status_code == 409 and "no money was taken" in answer.text


def test_giving_off_takes_the_buttons_to_give_off_the_pages(office: Office, campaign: Campaign) -> None:
    client, button = office.app.test_client(), 'href="/donate/'
    with office.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        petition.case.fund_title, petition.case.fund_text = "Legal aid", "For lawyers."
        db.session.commit()
        paths = (f"/cases/{petition.case.slug}", f"/petitions/{campaign.slug}", f"/petitions/{campaign.slug}/thanks")
    assert [path for path in paths if button not in client.get(f"{path}?past=cache").text] == []
    turn(office, giving="off")
    assert [path for path in paths if button in client.get(f"{path}?past=cache+again").text] == []


def test_a_country_that_is_off_is_told_kindly_and_everything_typed_stays(office: Office, campaign: Campaign) -> None:
    office.saved("/office/switches/countries", country="KZ")
    remembered.forget_all()
    answer = campaign.sign(country="KZ", name="Aigerim Kept")
    assert answer.status_code == 422 and stored(campaign) == 0
    text = unescape(answer.text)
    assert "we take no signatures from this country" in text and 'value="Aigerim Kept"' in text
    assert campaign.sign(country="IE").status_code == 303
    assert "Kazakhstan" in office.get("/office/switches")
    office.saved("/office/switches/countries/KZ/on")
    remembered.forget_all()
    assert campaign.sign(country="KZ").status_code == 303
    assert office.acts() == [("switch.turned", "countries_off")] * 2


def test_the_providers_limits_are_numbers_or_nothing(office: Office) -> None:
    turn(office, mails_an_hour="100", mails_a_day="300")
    assert (now(office).mails_an_hour, now(office).mails_a_day) == (100, 300)
    turn(office)
    assert now(office) == Switches()
    answer = office.post(
        "/office/switches", **{**AS_IT_STANDS, "was": shown(office), "mails_a_day": "many", "signing": "off"}
    )
    assert answer.status_code == 422 and 'value="many"' in answer.text and "There is a problem" in answer.text
    assert now(office) == Switches()


@pytest.mark.parametrize("field", ["signing", "giving", "comments", "mailing", "proof", "second_person"])
def test_a_switch_stands_where_it_can_stand(office: Office, field: str) -> None:
    assert (
        office.post("/office/switches", **{**AS_IT_STANDS, "was": shown(office), field: "sideways"}).status_code == 422
    )
    assert now(office) == Switches()


def test_a_page_that_was_open_for_long_takes_no_switch_back_that_another_has_turned(office: Office) -> None:
    old = shown(office)
    turn(office, signing="off", proof="on")
    turn(office, was=old, mails_a_day="300")
    assert now(office) == Switches(signing=False, proof="on", mails_a_day=300)
    said = office.get("/office/switches")
    assert "Meanwhile somebody else has changed: Proof of work before signing, Signing. That stands" in said
    turn(office, was=old, giving="off")
    assert (now(office).signing, now(office).giving) == (False, False)
    assert office.acts().count(("switch.turned", "signing")) == 1


def test_what_an_organiser_changes_herself_holds_whoever_was_there_before(office: Office) -> None:
    old = shown(office)
    turn(office, mails_an_hour="100")
    turn(office, was=old, mails_an_hour="50")
    assert now(office) == Switches(mails_an_hour=50)
    assert "Meanwhile" not in office.get("/office/switches")


@pytest.mark.parametrize("was", ["", "{", "[]", "null", '{"signing": true}'])
def test_a_page_that_does_not_say_what_it_showed_turns_nothing(office: Office, was: str) -> None:
    answer = office.post("/office/switches", **{**AS_IT_STANDS, "signing": "off", "was": was})
    assert answer.status_code == 422 and "Load this page again" in answer.text
    assert now(office) == Switches()


def test_saving_what_stands_already_is_no_act(office: Office) -> None:
    turn(office)
    assert office.acts() == []


def test_a_rule_for_a_domain_is_set_replaced_and_removed(office: Office) -> None:
    for typed, action in (("@Union.Example.", "hold"), ("union.example", "trust")):
        office.saved("/office/switches/domains", domain=typed, action=action, reason="its office wrote to us")
    with office.app.app_context():
        [rule] = db.session.scalars(select(DomainRule)).all()
        assert (rule.domain, rule.action, rule.created_by) == ("union.example", RuleAction.TRUST, "olga@example.org")
    assert "Trusted" in office.get("/office/switches")
    office.saved("/office/switches/domains/union.example/remove")
    with office.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(DomainRule)) == 0
    assert office.post("/office/switches/domains/union.example/remove").status_code == 404
    kinds = [act for act, _subject in office.acts()]
    assert kinds == ["domain_rule.set", "domain_rule.set", "domain_rule.removed"]


@pytest.mark.parametrize(
    "typed", ["", "union", "https://union.example/x", "a b.example", "-x.example", "x" * 250 + ".example"]
)
def test_what_is_no_domain_is_told_so_and_kept(office: Office, typed: str) -> None:
    answer = office.post("/office/switches/domains", domain=typed, action="hold", reason="abuse")
    assert answer.status_code == 422 and 'value="abuse"' in answer.text


def test_a_domain_in_another_script_is_kept_as_servers_know_it(office: Office) -> None:
    office.saved("/office/switches/domains", domain="пример.рф", action="hold", reason="abuse")
    assert "xn--e1afmkfd.xn--p1ai" in office.get("/office/switches")
