"""Organisations and notable signatories beside an open petition: shown after the mailbox's word and an organiser's yes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from core import clock, remembered, switches
from core.db import db
from petitions.abuse import invalidation_services
from petitions.counting import tallies
from petitions.invitations.models import Invitation
from petitions.models import Petition, Signature
from petitions.states import InvitationState, Method, PetitionState
from tests.organisers.conftest import enter
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.guarded import limits_on
from tests.petitions.own_pages import own_page, press
from tests.petitions.test_invalidation import act
from tests.petitions.test_invalidation import run as invalidate
from tests.petitions.test_invitations import Letter, on_the_list

S = InvitationState
UNION = {
    "name": "Union of Sentinels", "size": "12 500", "country": "IE", "website": "union.example", "contact": "Kim Contact",
    "email": "office@union.example",
}  # fmt: skip
NOTABLE = {
    "name": "Nora Sentinelova", "role": "Professor of Law", "affiliation": "A University", "country": "DE",
    "email": "nora@university.example",
}  # fmt: skip


@pytest.fixture
def open_one(app: Flask) -> Letter:
    return Letter(app, make_campaign(app), enter(app))


def enter_union(campaign: Campaign, **fields: str) -> int:
    data = {"token": campaign.token(), **UNION, **fields}
    status = campaign.client.post(f"/petitions/{campaign.slug}/organisation", data=data).status_code
    campaign.work()
    return status


def test_an_organisation_is_shown_after_its_mail_and_an_organisers_yes_and_counts_as_nobody(open_one: Letter) -> None:
    campaign = open_one.campaign
    page = f"/petitions/{campaign.slug}"
    assert "Support this petition as an organisation" in open_one.get(page)
    assert enter_union(campaign) == 303
    assert open_one.states() == [S.INVITED] and "Sentinels" not in open_one.public()
    assert "Nothing was changed" in open_one.approve(0)  # the mailbox first
    link, full = open_one.links("office@union.example")
    asked = open_one.get(full)
    assert "Union of Sentinels" in asked and "12,500" in asked and "Kim" not in asked
    assert campaign.press(f"{link}/sign").status_code == 303
    campaign.work()
    assert open_one.states() == [S.CONFIRMED] and "Sentinels" not in open_one.public()
    assert any("waits" in mail.text for mail in campaign.mails("olga@example.org"))
    assert "Approved" in open_one.approve(0)
    campaign.work()
    shown = open_one.public()
    assert "Union of Sentinels" in shown and "12,500 members" in shown
    assert not any(secret in shown for secret in ("Kim Contact", "union.example"))
    assert campaign.count() == campaign.valid() == 0
    assert campaign.press(f"{link}/withdraw").status_code == 303
    assert "Sentinels" not in open_one.public()


def test_the_same_answer_for_a_new_a_known_and_a_trapped_organisation(open_one: Letter) -> None:
    statuses = [enter_union(open_one.campaign), enter_union(open_one.campaign), enter_union(open_one.campaign, fax="1")]
    assert statuses == [303] * 3
    assert enter_union(open_one.campaign, email="robot@union.example", fax="spam") == 303
    assert len(open_one.rows()) == len(open_one.campaign.mails()) == 1


@pytest.mark.parametrize("doubt", ["domain", "disposable", "attack", "mails"])
def test_an_organisation_that_the_rules_doubt_waits_for_an_organiser_instead_of_being_mailed(
    open_one: Letter, doubt: str
) -> None:
    campaign, email = open_one.campaign, UNION["email"]
    if doubt == "domain":
        said = {"domain": "union.example", "action": "hold", "reason": "abuse"}
        open_one.office.saved("/office/switches/domains", **said)
        remembered.forget_all()
    if doubt == "disposable":
        email = "office@mailinator.com"
    if doubt == "mails":
        for _ in range(6):
            campaign.sign(email)
        campaign.work()
    before = len(campaign.mails(email))
    if doubt == "attack":
        with open_one.app.app_context():
            switches.turn(actor="test", proof="on")
            db.session.commit()
        with limits_on(open_one.app):
            assert enter_union(campaign, email=email) == 303
    else:
        assert enter_union(campaign, email=email) == 303
    assert open_one.states() == [S.PROPOSED] and len(campaign.mails(email)) == before == (5 if doubt == "mails" else 0)
    assert "Entered on the page, waits for you" in open_one.office.get(open_one.office_list)
    assert any("waits" in mail.text for mail in campaign.mails("olga@example.org"))
    assert open_one.act(0, "invite") == 303
    campaign.work()
    assert "/invitations/" in campaign.mails(email)[-1].text


def test_a_trusted_domain_is_asked_at_once_and_its_mails_count_among_the_five(open_one: Letter) -> None:
    campaign, email = open_one.campaign, "office@mailinator.com"
    said = {"domain": "mailinator.com", "action": "trust", "reason": "a test"}
    open_one.office.saved("/office/switches/domains", **said)
    remembered.forget_all()
    assert enter_union(campaign, email=email) == 303
    assert open_one.states() == [S.INVITED]
    for _ in range(6):
        campaign.sign(email)
    campaign.work()
    assert len(campaign.mails(email)) == 5


def test_a_wrong_entry_keeps_everything_typed(open_one: Letter) -> None:
    wrong = {**UNION, "size": "many", "email": "nobody", "country": "", "token": open_one.campaign.token()}
    answer = open_one.campaign.client.post(f"/petitions/{open_one.campaign.slug}/organisation", data=wrong)
    page = unescape(answer.text)
    assert answer.status_code == 422 and "Enter a number, like 1200." in page and "Choose a country." in page
    assert 'value="many"' in page and 'value="Kim Contact"' in page and 'value="union.example"' in page


@pytest.mark.parametrize("field", ["name", "contact"])
def test_a_name_of_blanks_is_none(open_one: Letter, field: str) -> None:
    assert enter_union(open_one.campaign, **{field: "  "}) == 422
    assert open_one.states() == []


def test_a_contact_who_leaves_as_a_person_leaves_the_organisation_and_the_reverse(open_one: Letter) -> None:
    campaign = open_one.campaign
    mail = campaign.signed("office@union.example")
    enter_union(campaign)
    assert open_one.press("office@union.example", "sign") == 303
    campaign.work()
    assert "Approved" in open_one.approve(0)
    campaign.work()
    assert campaign.press(mail.links["withdraw"]).status_code == 303
    assert campaign.count() == 0 and "Union of Sentinels" in open_one.public()
    campaign.signed("office@union.example")
    organisation = next(m for m in campaign.mails("office@union.example") if "/invitations/" in m.text)
    link = "/invitations/" + organisation.text.partition("/invitations/")[2][:43]
    assert campaign.press(f"{link}/withdraw").status_code == 303
    assert campaign.count() == 1 and "Sentinels" not in open_one.public()


def test_no_organisation_joins_a_closed_letter(app: Flask) -> None:
    letter = Letter(app, make_campaign(app, invited_only=True), enter(app))
    assert enter_union(letter.campaign) == 409
    assert "<form" not in letter.get(f"/petitions/{letter.campaign.slug}/organisation")
    assert letter.rows() == []


def test_a_notable_signatory_is_shown_after_both_and_counts_once(open_one: Letter) -> None:
    campaign = open_one.campaign
    open_one.office.saved(f"{open_one.office_list}/new", **NOTABLE)
    campaign.work()
    assert "Nora" not in open_one.public() and campaign.count() == 0
    assert open_one.press(NOTABLE["email"], "sign") == 303
    campaign.work()
    assert "Nora" not in open_one.public()
    assert "Approved" in open_one.approve(0)
    campaign.work()
    page = open_one.get(f"/petitions/{campaign.slug}")
    assert "Nora Sentinelova" in page and "Professor of Law, A University" in page
    assert campaign.count() == 1
    with open_one.app.app_context():
        assert db.session.scalars(select(Signature)).one().method == Method.NOTABLE
        assert tallies.numbers(campaign.id).by_method == {"notable": 1}
    assert open_one.act(0, "take_back") == 303
    assert "Nora" not in open_one.public() and campaign.count() == 0
    with open_one.app.app_context():
        assert not any(tallies.numbers(campaign.id).by_method.values())


def test_a_notable_who_has_signed_already_is_shown_and_not_counted_twice(open_one: Letter) -> None:
    campaign = open_one.campaign
    campaign.signed(NOTABLE["email"])
    open_one.office.saved(f"{open_one.office_list}/new", **NOTABLE)
    campaign.work()
    assert open_one.press(NOTABLE["email"], "sign") == 303
    assert "Approved" in open_one.approve(0)
    assert campaign.count() == campaign.valid() == 1
    assert "Professor of Law" in open_one.public()


def test_an_undo_shows_no_notable_whom_no_organiser_has_approved(open_one: Letter) -> None:
    """Their own public name stands nowhere before the yes, and an undo is none."""
    campaign = open_one.campaign
    open_one.office.saved(f"{open_one.office_list}/new", **NOTABLE)
    campaign.work()
    assert open_one.press(NOTABLE["email"], "sign") == 303
    campaign.signed("dora@example.org", name="Dora Public", country="DE", visibility="public")
    found = invalidate(campaign, country="DE")
    assert campaign.count() == 0
    act(campaign, found, invalidation_services.undo)
    assert campaign.count() == 2
    shown = open_one.get(f"/petitions/{campaign.slug}/signatories?before={2**62}")
    assert "Dora Public" in shown and "Nora" not in shown and "Nora" not in open_one.public()
    assert open_one.states() == [S.CONFIRMED]


def test_the_officials_list_gives_a_notables_role_once_an_organiser_has_approved_it(open_one: Letter) -> None:
    campaign = open_one.campaign
    campaign.signed("ada@example.org", name="Ada Example", role="Baker", affiliation="A Bakery")
    open_one.office.saved(f"{open_one.office_list}/new", **NOTABLE)
    campaign.work()
    assert open_one.press(NOTABLE["email"], "sign") == 303
    campaign.work()

    def handed_over() -> list[tuple[str, str, str]]:
        return [(row["Name"], row["Role"], row["Organisation"]) for row in on_the_list(open_one)]

    ada = ("Ada Example", "Baker", "A Bakery")
    assert handed_over() == [ada, ("Nora Sentinelova", "", "")]  # who signed stands there as anybody does
    assert "Approved" in open_one.approve(0)
    assert handed_over() == [ada, ("Nora Sentinelova", "Professor of Law", "A University")]


def test_two_organisers_who_approve_at_once_do_it_once(open_one: Letter) -> None:
    open_one.office.saved(f"{open_one.office_list}/new", **NOTABLE)
    open_one.campaign.work()
    assert open_one.press(NOTABLE["email"], "sign") == 303
    offices = [enter(open_one.app, f"organiser{number}@example.org") for number in range(4)]
    path = f"{open_one.office_list}/{open_one.rows()[0].id}/claim/approve"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda office: office.saved(path, seen="held"), offices))
    told = [office.get("/office/moderation") for office in offices]
    assert sum("Approved: the page shows it." in page for page in told) == 1
    assert sum("Somebody else has judged it meanwhile" in page for page in told) == 3
    assert [act for act, _ in open_one.office.acts()].count("moderation.approve") == 1
    assert open_one.states() == [S.APPROVED]


def test_a_notable_cannot_propose_and_an_organisation_cannot_rename_itself(open_one: Letter) -> None:
    open_one.office.saved(f"{open_one.office_list}/new", **NOTABLE)
    enter_union(open_one.campaign)
    link = open_one.link(NOTABLE["email"])
    proposal = {**NOTABLE, "email": "other@university.example"}
    assert open_one.campaign.press(f"{link}/colleague", **proposal).status_code == 409
    organisation = open_one.link("office@union.example")
    assert open_one.campaign.press(f"{organisation}/correction", role="Boss").status_code == 409
    with open_one.app.app_context():
        assert len(db.session.scalars(select(Invitation.id)).all()) == 2


def test_who_was_entered_before_a_draft_became_a_closed_letter_is_a_member_of_it(app: Flask) -> None:
    letter = Letter(app, make_campaign(app), enter(app))
    with app.app_context():
        petition = db.session.get_one(Petition, letter.campaign.id)
        petition.state = PetitionState.DRAFT
        db.session.commit()
    letter.office.saved(f"{letter.office_list}/new", **NOTABLE)
    with app.app_context():
        petition = db.session.get_one(Petition, letter.campaign.id)
        petition.state, petition.invited_only = PetitionState.OPEN, True
        db.session.commit()
    letter.office.saved(f"{letter.office_list}/all/invite")
    letter.campaign.work()
    letter.sign(NOTABLE["email"])
    assert "Nora Sentinelova" in letter.public() and letter.campaign.count() == 1


def test_a_country_that_is_off_adds_no_organisation_and_everything_typed_stays(open_one: Letter) -> None:
    turn(open_one.app, countries_off=("IE",))
    form = {**UNION, "token": open_one.campaign.token()}
    answer = open_one.campaign.client.post(f"/petitions/{open_one.campaign.slug}/organisation", data=form)
    assert answer.status_code == 422 and "we take no signatures from this country" in unescape(answer.text)
    assert 'value="Kim Contact"' in answer.text
    assert enter_union(open_one.campaign, country="DE") == 303 and open_one.states() == [S.INVITED]


@pytest.mark.parametrize("off", [{"signing": False}, {"countries_off": ("IE",)}])
def test_an_organisation_on_its_way_when_a_switch_is_turned_waits_until_it_is_turned_back(
    open_one: Letter, off: dict[str, Any]
) -> None:
    campaign = open_one.campaign
    form = {**UNION, "token": campaign.token()}
    assert campaign.client.post(f"/petitions/{campaign.slug}/organisation", data=form).status_code == 303
    turn(open_one.app, **off)
    for hours in (0, 2):
        with time_machine.travel(clock.now() + timedelta(hours=hours)):
            campaign.work()
            assert open_one.rows() == [] and campaign.mails() == []
    turn(open_one.app, signing=True, countries_off=())
    with time_machine.travel(clock.now() + timedelta(hours=4)):
        campaign.work()
    assert open_one.states() == [S.INVITED] and [mail.to for mail in campaign.mails()] == [UNION["email"]]


def test_who_is_only_counted_sees_that_they_stand_among_the_notable_and_can_leave_them(open_one: Letter) -> None:
    campaign = open_one.campaign
    own = own_page(campaign, NOTABLE["email"], name=NOTABLE["name"], visibility="counted")
    assert f"{own}/own/notable" not in open_one.get(own)
    open_one.office.saved(f"{open_one.office_list}/new", **NOTABLE)
    campaign.work()
    open_one.sign(NOTABLE["email"])
    assert "Your name does not stand on this site." in open_one.get(own) and f"{own}/own/notable" in open_one.get(own)
    assert "Approved" in open_one.approve(0)
    campaign.work()
    assert "Your name stands on this site, among the notable signatories." in open_one.get(own)
    answer = press(campaign, own, "notable")
    assert answer.status_code == 303 and "You do not stand among the notable" in open_one.get(answer.location)
    assert "Nora" not in open_one.public() and open_one.states() == [S.WITHDRAWN]
    assert "Your name does not stand on this site." in open_one.get(own) and f"{own}/own/notable" not in open_one.get(
        own
    )
    assert press(campaign, own, "notable").location == own
    assert campaign.count() == campaign.valid() == 1


def turn(app: Flask, **values: Any) -> None:
    with app.app_context():
        switches.turn(actor="olga@example.org", **values)
        db.session.commit()
        remembered.forget_all()
