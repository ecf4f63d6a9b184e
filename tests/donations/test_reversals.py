"""Money that goes back. Numbers are those of the list of cases that must hold."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock
from core.db import db
from donations import services
from donations.models import Payment
from donations.reversals import services as reversals
from donations.reversals.models import Dispute
from tests.donations.conftest import Gift, World
from tests.donations.events import (
    charge_refunded,
    completed,
    dispute,
    invoice_paid,
    invoice_payment_paid,
    refund,
    send,
)


def told(client: FlaskClient, *bodies: dict[str, Any]) -> None:
    for body in bodies:
        assert send(client, body).status_code == 200


def refund_in_yen(gift: Gift, name: str = "1") -> dict[str, Any]:
    return refund(gift, 500, name, currency="jpy")


def ways() -> list[Any]:
    """A gift once that is paid, then half refunded: every order of its news, a failing first try of the refund included."""
    makers = (
        completed,
        lambda gift: refund(gift, 1000, status="pending"),
        lambda gift: refund(gift, 1000, kind="updated"),
        lambda gift: refund(gift, 500, "2", kind="failed", status="failed"),
    )
    return list(itertools.permutations(makers))


def test_25_a_refund_before_its_charge_is_right_in_every_order(client: FlaskClient, world: World) -> None:
    for order in ways():
        gift = world.gift()
        told(client, *(make(gift) for make in order))
        assert world.raised(gift) == {"EUR": 1500}


def test_25_a_refund_whose_payment_comes_within_the_hour_is_no_alarm(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    told(client, refund(gift, 500))
    assert world.outcomes() == ["unmatched"]
    told(client, completed(gift))
    with time_machine.travel(clock.now() + timedelta(hours=1, seconds=1)):
        world.work()
    assert sorted(world.outcomes()) == ["applied", "applied"]
    assert world.alarms() == []


def test_a_refund_of_no_payment_of_ours_is_an_alarm_after_an_hour(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    told(client, refund(gift, 500))
    world.work()
    assert world.alarms() == []
    with time_machine.travel(clock.now() + timedelta(hours=1, seconds=1)):
        world.work()
    assert world.alarms() == ["payment-unmatched"]
    assert world.outcomes() == ["unmatched"]


def test_35_three_refunds_are_partial_partial_full(client: FlaskClient, world: World) -> None:
    gift = world.gift(1500)
    told(client, completed(gift))
    left = []
    for number in range(3):
        told(client, refund(gift, 500, str(number)))
        left.append(world.raised(gift)["EUR"])
    assert left == [1000, 500, 0]


def test_36_the_charges_word_and_the_refunds_own_are_subtracted_once(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    told(client, completed(gift), charge_refunded(gift, 700), refund(gift, 700), refund(gift, 700, kind="updated"))
    told(client, charge_refunded(gift, 700))
    assert world.raised(gift) == {"EUR": 1800}


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_37_a_refund_that_fails_is_ours_again_whatever_comes_later(
    client: FlaskClient, world: World, status: str
) -> None:
    gift = world.gift()
    told(client, completed(gift), refund(gift, 2500), refund(gift, 2500, kind="failed", status=status))
    assert world.raised(gift) == {"EUR": 2500}
    told(client, refund(gift, 2500, kind="updated"))
    assert world.raised(gift) == {"EUR": 2500}


def test_39_a_renewals_refund_is_matched_by_the_payment_intent(client: FlaskClient, world: World) -> None:
    makers = (invoice_paid, invoice_payment_paid, lambda gift: refund(gift, 1000))
    for order in itertools.permutations(makers):
        gift = world.gift(frequency="monthly")
        told(client, *(make(gift) for make in order))
        assert world.raised(gift) == {"EUR": 1500}


def test_40_a_dispute_is_out_of_the_total_and_back_when_won(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    told(client, completed(gift), dispute(gift, "created", "needs_response"))
    assert world.raised(gift) == {"EUR": 0}
    told(client, dispute(gift, "closed", "won"), dispute(gift, "funds_reinstated", "won"))
    assert world.raised(gift) == {"EUR": 2500}
    told(client, dispute(gift, "updated", "under_review"))  # late news of before
    assert world.raised(gift) == {"EUR": 2500}
    assert world.alarms() == ["dispute"]


def test_40_an_inquiry_takes_nothing_yet(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    told(client, completed(gift), dispute(gift, "created", "warning_needs_response"))
    assert world.raised(gift) == {"EUR": 2500}


def contested(world: World, gift: Gift) -> tuple[str, int, str]:
    with world.app.app_context():
        row = db.session.scalars(select(Dispute).where(Dispute.id == f"dp_{gift.public_id}")).one()
        return str(row.status), row.fee, row.fee_currency


def test_40_a_lost_dispute_is_booked_with_its_fee_in_every_order(client: FlaskClient, world: World) -> None:
    makers = (
        completed,
        lambda gift: dispute(gift, "created", "needs_response"),
        lambda gift: dispute(gift, "funds_withdrawn", "needs_response", fee=2000),
        lambda gift: dispute(gift, "closed", "lost", fee=2000),
    )
    for order in itertools.permutations(makers):
        gift = world.gift()
        told(client, *(make(gift) for make in order))
        assert world.raised(gift) == {"EUR": 0}
        assert contested(world, gift) == ("lost", 2000, "EUR")


def test_41_a_full_refund_and_a_lost_dispute_never_go_below_zero(client: FlaskClient, world: World) -> None:
    gift, other = world.gift(), world.gift(general=True)
    told(client, completed(gift), completed(other), refund(gift, 2500), dispute(gift, "closed", "lost"))
    assert world.raised(gift) == {"EUR": 0}
    assert world.raised(other) == {"EUR": 2500}


def test_a_refund_in_yen_or_kronur_is_counted_in_the_currencys_own_units(client: FlaskClient, world: World) -> None:
    for currency, stripe, left in (("JPY", 200, 300), ("ISK", 20_000, 300), ("KWD", 200, 300)):
        gift = world.gift(500, currency)
        told(client, completed(gift), refund(gift, stripe))
        assert world.raised(gift)[currency] == left


@pytest.mark.parametrize("makers", [(completed, refund_in_yen), (refund_in_yen, completed)])
def test_money_of_another_currency_takes_nothing_from_a_payment(
    client: FlaskClient, world: World, makers: tuple[Callable[[Gift], dict[str, Any]], ...]
) -> None:
    gift = world.gift()
    told(client, *(make(gift) for make in makers))
    assert world.raised(gift) == {"EUR": 2500}
    with world.app.app_context():
        assert services.givers(gift.case_id) == 1
        payment = db.session.scalars(select(Payment)).one()
        assert reversals.left(payment).minor == 2500
    told(client, refund_in_yen(gift, "2"), dispute(gift, "created", "needs_response", currency="usd"))
    assert world.outcomes()[2:] == ["quarantined", "quarantined"] and "payment-quarantined" in world.alarms()
    assert world.raised(gift) == {"EUR": 2500}


def test_a_gift_that_went_back_whole_is_no_giver_any_more(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    told(client, completed(gift), refund(gift, 500))
    with world.app.app_context():
        assert services.givers(gift.case_id) == 1
    told(client, refund(gift, 2000, "2"))
    with world.app.app_context():
        assert services.givers(gift.case_id) == 0


@pytest.mark.parametrize(
    "changes", [{"currency": "xxx"}, {"amount": -5}, {"amount": "many"}, {"currency": "isk", "amount": 150}]
)
def test_a_refund_in_no_money_of_ours_is_quarantined(
    client: FlaskClient, world: World, changes: dict[str, Any]
) -> None:
    gift = world.gift()
    told(client, completed(gift), refund(gift, 500, **changes))
    assert world.outcomes() == ["applied", "quarantined"]
    assert world.raised(gift) == {"EUR": 2500}
