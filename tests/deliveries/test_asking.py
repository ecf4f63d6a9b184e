"""Asking for a delivery: what it checks, what it notes, and that secrets are sealed at once."""

from dataclasses import replace
from typing import Any

import pyrage
import pytest
from flask import Flask
from sqlalchemy import select

from core import clock
from core.audit import AuditEntry
from core.db import db
from core.jobs import Job
from core.slow_jobs import SLOW
from core.vault import SITE, vault
from deliveries import asking, wishes
from deliveries.asking import Wishes
from deliveries.columns import ALL
from deliveries.models import Delivery
from deliveries.states import DeliveryState, Protection
from petitions import services
from tests.deliveries.world import ORGANISER, ask, row
from tests.factories import make_petition
from tests.petitions.conftest import Campaign, make_campaign

PASSWORD = "correct horse battery"


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


def jobs(app: Flask) -> list[tuple[str | None, int]]:
    with app.app_context():
        mine = select(Job.key, Job.priority).where(Job.kind == asking.MAKE)
        return [(key, priority) for key, priority in db.session.execute(mine.order_by(Job.id))]


def test_alone_it_is_promised_at_once_else_it_waits_for_another(campaign: Campaign) -> None:
    waiting = row(campaign.app, ask(campaign, alone=False))
    assert waiting.state == DeliveryState.WAITING and jobs(campaign.app) == []
    queued = row(campaign.app, ask(campaign, alone=True))
    assert queued.state == DeliveryState.QUEUED and jobs(campaign.app) == [(f"deliver:{queued.public_id}", SLOW)]


def test_it_keeps_a_copy_of_its_recipient_and_the_order_of_the_table(campaign: Campaign) -> None:
    found = row(campaign.app, ask(campaign, columns=("country", "name", "number"), formats=("xlsx", "csv")))
    assert (found.columns, found.formats) == (["number", "name", "country"], ["csv", "xlsx"])
    assert found.recipient["name"] == "A. Recipient" and found.recipient["country"] == "AT"


def test_it_is_in_the_chain_without_its_password_which_is_sealed(campaign: Campaign) -> None:
    delivery_id = ask(campaign, protection=Protection.PASSWORD, password=PASSWORD)
    with campaign.app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "delivery.asked")).one()
        found = db.session.get_one(Delivery, delivery_id)
        assert entry.actor == ORGANISER and entry.subject == f"{campaign.slug}:{found.public_id}"
        assert PASSWORD not in str(entry.detail) and PASSWORD.encode() not in (found.blob or b"")
        assert asking.unseal(found) == {"password": PASSWORD}
        asking.cancel(found, actor=ORGANISER)
        assert found.blob is None


AGE_KEY = str(pyrage.x25519.Identity.generate().to_public())
REFUSED: tuple[tuple[type[wishes.WrongWish], dict[str, Any]], ...] = (
    (wishes.UnknownLanguage, {"language": "xx"}),
    (wishes.WrongFormats, {"formats": ()}),
    (wishes.WrongFormats, {"formats": ("csv", "exe")}),
    (wishes.WrongColumns, {"columns": ("number", "name", "email")}),
    (wishes.WrongColumns, {"columns": ("number", "country")}),
    (wishes.UnknownCountry, {"countries": ("IE", "ZZ")}),
    (wishes.TooLong, {"purpose": "a" * 501}),
    (wishes.NoAgeKey, {"protection": Protection.AGE, "age_recipient": "age1nothing"}),
    (wishes.NoAgeKey, {"protection": Protection.AGE}),
    (wishes.WeakPassword, {"protection": Protection.PASSWORD, "password": "elevenchars"}),
    (wishes.WeakPassword, {"protection": Protection.PASSWORD, "password": "twelve chars\n"}),
    (wishes.KeptTooLong, {"kept_days": 0}),
    (wishes.KeptTooLong, {"kept_days": 91}),
)


def test_what_cannot_be_had_is_refused_by_name_with_a_sentence(campaign: Campaign) -> None:
    with campaign.app.app_context():
        vault().prepare(SITE)
        petition, other = services.get(campaign.id), make_petition()
        good = Wishes(petition.recipients[0], "en", ("csv",), ALL)
        elsewhere = Delivery(petition_id=other.id, state=DeliveryState.READY)
        unready = Delivery(petition_id=petition.id, state=DeliveryState.WAITING)
        more = (
            (wishes.NotItsRecipient, {"recipient": other.recipients[0]}),
            (wishes.NotEarlier, {"since": elsewhere}),
            (wishes.NotEarlier, {"since": unready}),
        )
        for wrong, given in (*REFUSED, *more):
            with pytest.raises(wrong) as told:
                asking.ask(petition, replace(good, **given), by=1, actor=ORGANISER, alone=True)
            assert str(told.value.sentence).endswith(".") and hasattr(good, told.value.field)
        db.session.expunge_all()
        assert db.session.scalar(select(Delivery.id)) is None


@pytest.mark.parametrize(
    "given",
    [
        {"protection": Protection.AGE, "age_recipient": AGE_KEY},
        {"protection": Protection.PASSWORD, "password": "twelve chars"},
        {"count_only": True, "formats": (), "columns": ()},
    ],
)
def test_what_can_be_had(campaign: Campaign, given: dict[str, Any]) -> None:
    assert row(campaign.app, ask(campaign, **given)).state == DeliveryState.QUEUED


def test_of_an_erased_petition_there_is_nothing_to_ask_for(campaign: Campaign) -> None:
    with campaign.app.app_context():
        services.get(campaign.id).erased_at = clock.now()
        db.session.commit()
    with pytest.raises(wishes.PetitionErased):
        ask(campaign)
