"""Waves: what is told, what is not, what is held while one lasts, and what an organiser's word does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from core import clock, switches
from core.db import db
from core.mailboxes import mail_domains
from core.vault import SITE, vault
from organisers.moderation import services as moderation_services
from organisers.services import ensure_organiser
from petitions import submission_services
from petitions.abuse import invalidation_services, signals, waves
from petitions.abuse.models import DomainRule, Signal
from petitions.models import Petition, Signature, Submission
from petitions.states import HeldReason, RuleAction, SignalKind, SubmissionState, Visibility
from tests.petitions.conftest import Campaign, make_campaign

ORGANISER = "olga@example.org"
MANY = (
    "IE",
    "DE",
    "FR",
    "AT",
    "ES",
    "IT",
    "PL",
    "SE",
    "GB",
    "KZ",
    "US",
    "PT",
    "BE",
    "NL",
    "CZ",
    "GR",
    "FI",
    "NO",
    "DK",
    "CH",
)
ONE, OTHER = "a" * 32, "b" * 32
FIRST = ("Ada", "Berta", "Carla", "Dora", "Emma", "Frida", "Greta", "Hanna", "Ines", "Jana")
LAST = ("Ahorn", "Birke", "Celtis", "Distel", "Eibe", "Fichte", "Ginster", "Hasel", "Ilex", "Jasmin")


@pytest.fixture
def campaign(app: Flask) -> Iterator[Campaign]:
    """A petition on a site whose limits are on; an organiser who is written to."""
    settings = app.config["UNDERSIGNED"]
    app.config["UNDERSIGNED"] = replace(settings, limits=True)
    with app.app_context():
        ensure_organiser(ORGANISER)
        db.session.commit()
    yield make_campaign(app)
    app.config["UNDERSIGNED"] = settings


def name(number: int) -> tuple[str, str]:
    return FIRST[number % 10], LAST[number // 10 % 10]


def send(campaign: Campaign, number: int, **given: Any) -> None:
    """One person's submission: an address made of the name, a network of one's own, unless told."""
    first, last = name(number)
    person = {
        "name": given.pop("name", f"{first} {last}"), "email": given.pop("email", f"{first}.{last}@people{number}.example"),
        "postal_code": "", "role": "", "affiliation": "", "comment": "", "updates": False, "may_ask": False,
    }  # fmt: skip
    values = {"country": "IE", "bucket": f"{number:032x}", "proved": True, **given}
    with campaign.app.app_context():
        person["email"] = mail_domains.clean(person["email"].lower(), 254)
        petition = db.session.get_one(Petition, campaign.id)
        submission_services.submit(petition, visibility=Visibility.COUNTED, source="", person=person, **values)


def fakes(campaign: Campaign, numbers: range, **given: Any) -> None:
    """Signings of one machine: one domain, one network, addresses that have nothing to do with the names."""
    for number in numbers:
        send(campaign, number, **{"email": f"xq{number}z@fakes.example", "bucket": ONE, **given})


def told(campaign: Campaign) -> list[tuple[str, str]]:
    campaign.work()
    with campaign.app.app_context():
        return [(one.kind.value, one.value) for one in db.session.scalars(select(Signal).order_by(Signal.id))]


def the_signal(campaign: Campaign) -> Signal:
    with campaign.app.app_context():
        return db.session.scalars(select(Signal)).one()


def held(campaign: Campaign) -> list[str]:
    with campaign.app.app_context():
        waits = (Submission.state == SubmissionState.HELD, Submission.held_reason == HeldReason.WAVE)
        return list(db.session.scalars(select(Submission.public_id).where(*waits)))


def test_a_small_domains_burst_is_told_once_and_what_follows_is_held(campaign: Campaign) -> None:
    fakes(campaign, range(19))
    assert told(campaign) == [] and held(campaign) == []
    fakes(campaign, range(19, 25))
    assert told(campaign) == [("domain_burst", "fakes.example")]
    signal = the_signal(campaign)
    assert signal.submissions == 25 and signal.settled_at is None
    fakes(campaign, range(25, 28), bucket=OTHER)
    send(campaign, 60)
    assert told(campaign) == [("domain_burst", "fakes.example")] and len(held(campaign)) == 3
    with campaign.app.app_context():
        stamped = db.session.scalars(select(Submission.cluster_id).order_by(Submission.id)).all()
        assert stamped == [signal.cluster_id] * 28 + [None]
    assert the_signal(campaign).submissions == 28
    [mail] = campaign.mails(ORGANISER)
    assert "fakes.example" in mail.text and "domain_burst" in mail.text and "xq" not in mail.text


def test_signatures_that_came_of_a_wave_carry_its_cluster(campaign: Campaign) -> None:
    fakes(campaign, range(10))
    campaign.work()
    for mail in campaign.mails():
        campaign.press(mail.links["confirm"])
    fakes(campaign, range(10, 25))
    told(campaign)
    with campaign.app.app_context():
        clusters = db.session.scalars(select(Signature.cluster_id)).all()
        assert clusters == [the_signal(campaign).cluster_id] * 10
        assert signals.numbers_of([the_signal(campaign)])[clusters[0]] == (0, 10)


def test_a_huge_number_of_one_small_domain_waits_for_an_organiser(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waves, "HUGE", 50)
    for number in range(50):
        first, last = name(number)
        send(campaign, number, email=f"{first}.{last}@union.example")
    assert told(campaign) == [("velocity", "union.example")] and held(campaign) == []
    send(campaign, 50, email="ada.fichte@union.example")
    send(campaign, 51)
    campaign.work()
    assert len(held(campaign)) == 1


def test_days_later_a_waves_mark_still_finds_its_signatures_though_no_network_is_known_any_more(
    campaign: Campaign,
) -> None:
    fakes(campaign, range(25))
    told(campaign)
    for mail in campaign.mails()[:10]:
        if mail.to != ORGANISER:
            campaign.press(mail.links["confirm"])
    send(campaign, 60)
    campaign.work()
    campaign.press(campaign.mails("ada.ginster@people60.example")[-1].links["confirm"])
    with time_machine.travel(clock.now() + timedelta(days=2)), campaign.app.app_context():
        before = campaign.count()
        assert before > 1 and db.session.scalar(select(func.count()).where(Submission.bucket.is_not(None))) == 0
        vault().prepare(SITE)
        wave, petition = the_signal(campaign).cluster_id, db.session.get_one(Petition, campaign.id)
        made = invalidation_services.prepare(petition, {"cluster": wave}, actor=ORGANISER)
        moderation_services.start(made, actor=ORGANISER, reason="Saturday's wave.")
        db.session.commit()
        assert campaign.count() == 1 and list(signals.unsettled()) == []


def test_a_hall_a_union_and_a_busy_hour_are_no_waves(campaign: Campaign) -> None:
    for number in range(40):
        send(campaign, number, bucket=ONE, country="DE")
    for number in range(40, 70):
        first, last = name(number)
        send(campaign, number, email=f"{first}.{last}@union.example")
    for number in range(70, 100):
        first, last = name(number)
        send(campaign, number, email=f"{first}.{last}@gmail.com", country="AT")
    assert told(campaign) == [] and held(campaign) == []


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        (lambda number: {"name": f"Same Person {number}"}, SignalKind.NAME_REPETITION, None),
        (lambda number: {"email": f"maker{number}@outlook.com"}, SignalKind.ALIAS_RATE, None),
        (lambda number: {"email": f"ada{number}x.b{number}y@gmai1.com"}, SignalKind.ALIAS_RATE, "look-alikes"),
        (lambda number: {"email": f"q{number}w@gmail.com", "bucket": ONE, "country": MANY[number % 20]},
         SignalKind.VELOCITY, ""),
        (lambda number: {"email": f"q{number}w@p{number}.example", "bucket": f"{number % 6:032x}", "country": "VA"},
         SignalKind.COUNTRY_SHARE, "VA"),
    ],
)  # fmt: skip
def test_each_kind_is_told_and_names_no_person(
    campaign: Campaign, given: Any, kind: SignalKind, value: str | None
) -> None:
    for number in range(40):
        first, last = name(number)
        send(campaign, number, **{"email": f"{first}.{last}@d{number}.example", **given(number)})
    [(found, said)] = told(campaign)
    assert found == kind.value
    if value is None:
        assert len(said) == 24 and "same" not in said and "maker" not in said
    else:
        assert said == value


def test_where_honest_people_share_the_country_only_the_waves_networks_are_held(campaign: Campaign) -> None:
    for number in (1, 5, 6):
        send(campaign, number, country="FR", bucket=ONE)
    campaign.work()
    with campaign.app.app_context():
        now = clock.now()
        wave = {"kind": SignalKind.COUNTRY_SHARE, "value": "FR", "first_at": now, "last_at": now, "cluster_id": "c1"}
        db.session.add(Signal(petition_id=campaign.id, submissions=100, expected=50.0, **wave))
        db.session.execute(update(Submission).values(cluster_id="c1"))
        db.session.commit()
    send(campaign, 2, country="FR", bucket=ONE)
    send(campaign, 3, country="FR", bucket=OTHER)
    send(campaign, 4, country="IE", bucket=ONE)
    campaign.work()
    assert len(held(campaign)) == 1
    with campaign.app.app_context():
        states = db.session.scalars(select(Submission.state).order_by(Submission.id)).all()
        assert [state.value for state in states] == [*["mailed"] * 3, "held", "mailed", "mailed"]


def test_what_comes_from_a_waves_networks_with_addresses_foreign_to_the_names_is_held_too(campaign: Campaign) -> None:
    for number in range(12):
        send(campaign, number, email=f"q{number}w@0-mail.com", bucket=(ONE, OTHER)[number % 2])
    assert told(campaign) == [("domain_burst", "disposable")]
    send(campaign, 20, email="zq20x@unheard-of.example", bucket=ONE)
    send(campaign, 21, bucket=ONE)
    send(campaign, 22, email="zq22x@unheard-of.example")
    campaign.work()
    with campaign.app.app_context():
        last = db.session.scalars(select(Submission.state).order_by(Submission.id.desc()).limit(3)).all()
        assert [state.value for state in reversed(last)] == ["held", "mailed", "mailed"]


def test_a_small_domains_mere_number_is_told_and_holds_nobody_until_an_organiser_says_so(campaign: Campaign) -> None:
    for number in range(40):
        first, last = name(number)
        send(campaign, number, email=f"{first}.{last}@union.example")
    assert told(campaign) == [("velocity", "union.example")]
    for number in range(40, 50):
        first, last = name(number)
        send(campaign, number, email=f"{first}.{last}@union.example")
    assert told(campaign) == [("velocity", "union.example")] and held(campaign) == []
    assert the_signal(campaign).submissions == 50
    with campaign.app.app_context():
        signals.settle(signals.get(the_signal(campaign).id), actor=ORGANISER)
        db.session.commit()
    send(campaign, 50, email="eva.ilex@union.example")
    send(campaign, 51)
    assert told(campaign) == [("velocity", "union.example")] and len(held(campaign)) == 1


def test_settling_takes_it_off_the_dashboard_and_the_wave_is_still_held(campaign: Campaign) -> None:
    fakes(campaign, range(25))
    told(campaign)
    with campaign.app.app_context():
        signals.settle(signals.get(the_signal(campaign).id), actor=ORGANISER)
        db.session.commit()
        assert list(signals.unsettled()) == []
    fakes(campaign, range(25, 30))
    assert told(campaign) == [("domain_burst", "fakes.example")] and len(held(campaign)) == 5
    with campaign.app.app_context(), pytest.raises(signals.SettledAlready):
        signals.settle(signals.get(the_signal(campaign).id), actor=ORGANISER)


def test_no_wave_lets_everybody_go_and_is_not_told_again(campaign: Campaign) -> None:
    fakes(campaign, range(22))
    told(campaign)
    fakes(campaign, range(22, 25))
    campaign.work()
    assert len(held(campaign)) == 3
    with campaign.app.app_context():
        assert moderation_services.dismiss(signals.get(the_signal(campaign).id), actor=ORGANISER) == 3
        db.session.commit()
    fakes(campaign, range(25, 28))
    assert told(campaign) == [("domain_burst", "fakes.example")] and held(campaign) == []
    with campaign.app.app_context():
        assert db.session.scalar(select(func.count()).where(Submission.cluster_id.is_not(None))) == 0
        assert db.session.scalar(select(func.count()).where(Submission.state == SubmissionState.MAILED)) == 28


def test_a_trusted_domain_is_no_wave(campaign: Campaign) -> None:
    with campaign.app.app_context():
        db.session.add(DomainRule(domain="example", action=RuleAction.TRUST, created_by=ORGANISER))
        db.session.commit()
    fakes(campaign, range(30), bucket="tor")
    assert told(campaign) == []


def test_a_wave_that_is_over_holds_nobody_and_a_new_one_is_told_anew(campaign: Campaign) -> None:
    fakes(campaign, range(25))
    told(campaign)
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        fakes(campaign, range(25, 30))
        told(campaign)
        assert held(campaign) == []
        fakes(campaign, range(30, 50))
        assert told(campaign) == [("domain_burst", "fakes.example")] * 2


def test_who_waits_for_the_slower_mail_is_held_with_the_wave(campaign: Campaign) -> None:
    with campaign.app.app_context():
        switches.turn(actor=ORGANISER, proof="on")
        db.session.commit()
    fakes(campaign, range(25), proved=False)
    assert told(campaign) == [("domain_burst", "fakes.example")] and len(held(campaign)) == 25
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        campaign.work()
    assert [mail.to for mail in campaign.mails()] == [ORGANISER]


def test_with_limits_off_nobody_watches(campaign: Campaign) -> None:
    campaign.app.config["UNDERSIGNED"] = replace(campaign.app.config["UNDERSIGNED"], limits=False)
    fakes(campaign, range(40))
    assert told(campaign) == []
