"""Who is held in silence: never a crowd for its number, but one person who plays a crowd."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from core import clock
from core.db import db
from petitions.abuse.models import DomainRule
from petitions.models import Submission
from petitions.states import RuleAction, SubmissionState
from petitions.views import SIGNINGS
from tests.petitions.conftest import Campaign
from tests.petitions.guarded import PUBLIC_DOMAINS, held, limits_on, people, sign_from


@pytest.fixture
def guarded(campaign: Campaign) -> Iterator[Campaign]:
    with limits_on(campaign.app):
        yield campaign


def rule(app: Flask, domain: str, action: RuleAction) -> None:
    with app.app_context():
        db.session.add(DomainRule(domain=domain, action=action, created_by="olga@example.org"))
        db.session.commit()


def hall(campaign: Campaign, number: int = 300, network: str = "192.0.2.7") -> None:
    """As many people behind one address, each with a mailbox of their own."""
    for at, (name, first, last) in enumerate(people(number)):
        address = f"{first}{'.' if at % 3 else ''}{last}{at if at % 4 == 0 else ''}@{PUBLIC_DOMAINS[at % 6]}"
        assert sign_from(campaign, address, network, name).status_code == 303


def test_a_hall_of_300_behind_one_address_passes(guarded: Campaign) -> None:
    hall(guarded)
    assert not held(guarded)
    assert len({row.bucket for row in guarded.submissions()}) == 1


def test_one_unions_members_pass(guarded: Campaign) -> None:
    for at, (name, first, last) in enumerate(people(120)):
        assert sign_from(guarded, f"{first}.{last}@union.example", f"192.0.{at}.1", name).status_code == 303
    assert not held(guarded)


def test_a_machine_that_repeats_few_names_behind_one_address_is_held(guarded: Campaign) -> None:
    for at in range(160):
        name, first, last = people(12)[at % 12]
        assert sign_from(guarded, f"{first}.{last}{at * 13}@gmail.com", "192.0.2.7", name).status_code == 303
    found = held(guarded)
    assert found.keys() <= {"bucket", "velocity", "wave"} and found.total() >= 50


def test_a_domain_whose_every_address_leads_to_one_person_is_held(guarded: Campaign) -> None:
    for at, (name, _first, _last) in enumerate(people(80)):
        address = f"{(at * 7919 + 1000003):x}"
        assert sign_from(guarded, f"{address}@catchall.example", f"192.0.{at}.1", name).status_code == 303
    assert held(guarded).total() >= 45


def test_one_name_again_and_again_is_held_wherever_it_comes_from(guarded: Campaign) -> None:
    for at in range(20):
        assert (
            sign_from(guarded, f"someone{at}@{PUBLIC_DOMAINS[at % 6]}", f"192.0.{at}.1", "John Doe").status_code == 303
        )
    assert held(guarded) == {"velocity": 13}


def test_many_behind_one_address_whom_nobody_ever_confirms_are_held(guarded: Campaign) -> None:
    hall(guarded, 110)
    guarded.work()
    with guarded.app.app_context():
        db.session.query(Submission).update({"received_at": clock.now() - timedelta(hours=7)})
        db.session.commit()
    guarded.app.extensions.pop("crowds")  # the worker starts afresh and reads what stands there
    assert sign_from(guarded, "vera.weber@gmx.de", "192.0.2.7", "Vera Weber").status_code == 303
    assert held(guarded) == {"bucket": 1}


def test_a_hall_that_confirms_is_no_such_crowd_after_a_new_start(guarded: Campaign) -> None:
    hall(guarded, 110)
    guarded.work()
    for mail in guarded.mails()[:20]:
        assert guarded.press(mail.links["confirm"]).status_code == 303
    with guarded.app.app_context():
        db.session.query(Submission).update({"received_at": clock.now() - timedelta(hours=7)})
        db.session.commit()
    guarded.app.extensions.pop("crowds")
    assert sign_from(guarded, "vera.weber@gmx.de", "192.0.2.7", "Vera Weber").status_code == 303
    assert not held(guarded)


def test_what_another_worker_judged_counts_too(guarded: Campaign) -> None:
    for at in range(10):
        assert sign_from(guarded, f"someone{at}@gmail.com", f"192.0.{at}.1", "John Doe").status_code == 303
        guarded.work()
        guarded.app.extensions.pop("crowds")
    assert held(guarded).total() == 3


def test_the_field_that_people_do_not_see_is_a_trap_and_says_nothing(campaign: Campaign) -> None:
    answer = campaign.sign(website="https://cheap.example")
    assert answer.status_code == 303
    assert held(campaign) == {"trap": 1} and not campaign.mails()


def test_an_organisers_word_on_a_domain_holds_what_lies_below_it_too(campaign: Campaign) -> None:
    rule(campaign.app, "bad.example", RuleAction.HOLD)
    for address in ("a@bad.example", "b@mail.bad.example", "c@notbad.example"):
        campaign.sign(address)
    assert held(campaign) == {"domain": 2}


def test_a_trusted_domain_passes_every_rule_that_organisers_review(guarded: Campaign) -> None:
    rule(guarded.app, "mailinator.com", RuleAction.TRUST)
    for at in range(40):
        sign_from(guarded, f"{at:04}@mailinator.com", "192.0.2.7", "John Doe", website="x")
    assert not held(guarded)


def test_the_nearest_word_on_a_domain_counts(campaign: Campaign) -> None:
    rule(campaign.app, "example.net", RuleAction.HOLD)
    rule(campaign.app, "good.example.net", RuleAction.TRUST)
    campaign.sign("a@good.example.net")
    campaign.sign("b@example.net")
    assert held(campaign) == {"domain": 1}


def test_what_was_released_is_judged_by_the_first_rules_only(campaign: Campaign) -> None:
    campaign.sign("ada@mailinator.com")
    assert held(campaign) == {"disposable": 1}
    with campaign.app.app_context():
        values = {"state": SubmissionState.RECEIVED, "held_reason": None, "released_at": clock.now()}
        db.session.query(Submission).update(values)
        db.session.commit()
    assert not held(campaign)
    assert [mail.to for mail in campaign.mails()] == ["ada@mailinator.com"]


def test_a_bucket_is_forgotten_after_a_day(campaign: Campaign) -> None:
    campaign.sign()
    assert campaign.submissions()[0].bucket
    campaign.work()
    assert campaign.submissions()[0].bucket
    with campaign.app.app_context():
        db.session.query(Submission).update({"received_at": clock.now() - timedelta(hours=25)})
        db.session.commit()
    campaign.work()
    assert campaign.submissions()[0].bucket is None


def test_the_same_network_has_one_bucket_and_another_has_another(campaign: Campaign) -> None:
    for network in ("192.0.2.1", "192.0.2.200", "192.0.3.1", "2001:db8::1", "2001:db8:0:ffff::1"):
        sign_from(campaign, f"ada{network.replace(':', '')}@example.org", network)
    one, same, other, six, same_six = [row.bucket for row in campaign.submissions()]
    assert one == same and six == same_six and len({one, other, six}) == 3


def test_a_thousand_an_hour_are_taken_from_one_network_and_no_more(guarded: Campaign) -> None:
    limiter = guarded.app.extensions["limiter"]
    bucket = limiter.bucket("192.0.2.7")
    assert all(limiter.within(SIGNINGS, "sign", bucket) for _ in range(SIGNINGS.amount - 1))
    assert sign_from(guarded, "last@example.org", "192.0.2.7").status_code == 303
    answer = sign_from(guarded, "more@example.org", "192.0.2.7", name="Zoe Kept")
    assert answer.status_code == 429 and "Zoe Kept" in answer.text and "your network" in answer.text
    assert sign_from(guarded, "other@example.org", "192.0.3.7").status_code == 303
