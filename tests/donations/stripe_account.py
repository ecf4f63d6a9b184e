"""Stripe's side of a site: what donors, banks and Stripe do in the sandbox, and the site's commands."""

import json
from dataclasses import dataclass
from typing import Any

import requests
from click.testing import Result

from core.db import db
from core.money import Money
from core.vault import SITE, vault
from donations import checkout_services, stripe_gateway
from donations.models import Frequency
from donations.orders import Order
from tests.donations.conftest import Gift, Stand, intend
from tests.factories import make_case


def session_for(order: Order) -> stripe_gateway.Session:
    """A session at the sandbox, asked for twice if need be: on a busy machine it may answer later than a person waits."""
    try:
        return stripe_gateway.create_session(order)
    except stripe_gateway.StripeAway:
        return stripe_gateway.create_session(order)  # the same key, so the same session


@dataclass
class Account:
    """A stand's Stripe account."""

    stand: Stand

    def gift(self, minor: int = 2500, currency: str = "EUR", frequency: str = "once") -> Gift:
        """A donation whose session is open at the sandbox."""
        with self.stand.app.app_context(), self.stand.app.test_request_context():
            case = make_case()
            vault().prepare(SITE)
            donation = intend(case, Money(minor, currency), Frequency(frequency))
            order = checkout_services.order_for(
                donation, success_url="http://localhost/a", cancel_url="http://localhost/b"
            )
            db.session.commit()
            session = session_for(order)
            checkout_services.keep_session(donation.public_id, session)
            db.session.commit()
            return Gift(
                donation.public_id, session.id, case.id, case.slug, donation.money.stripe_minor, currency, frequency
            )

    def press(self, gift: Gift, button: str = "pay") -> None:
        answer = requests.post(f"{self.stand.url}/c/pay/{gift.session_id}/{button}", allow_redirects=False, timeout=10)
        assert answer.status_code < 400, answer.text

    def given(self, minor: int = 2500, currency: str = "EUR", frequency: str = "once", *, deliver: bool = True) -> Gift:
        """A gift that was paid."""
        gift = self.gift(minor, currency, frequency)
        self.press(gift)
        if deliver:
            self.stand.deliver()
        return gift

    def drive(self, kind: str, object_id: str, button: str) -> None:
        address = f"{self.stand.url}/drive/{kind}/{object_id}/{button}"
        answer = requests.post(address, allow_redirects=False, timeout=10)
        assert answer.status_code < 400, answer.text

    def ask(self, call: Any) -> dict[str, Any]:
        with self.stand.app.app_context():
            return stripe_gateway.ask(call)

    def charge_of(self, gift: Gift) -> str:
        session = self.ask(lambda v1: v1.checkout.sessions.retrieve(gift.session_id))
        if session["payment_intent"] is None:
            paid = self.ask(lambda v1: v1.invoice_payments.list({"invoice": session["invoice"]}))["data"][0]
            session = {"payment_intent": paid["payment"]["payment_intent"]}
        return str(self.ask(lambda v1: v1.payment_intents.retrieve(session["payment_intent"]))["latest_charge"])

    def refund(self, gift: Gift, minor: int) -> str:
        """A refund that somebody made in Stripe's dashboard."""
        charge = self.charge_of(gift)
        return str(self.ask(lambda v1: v1.refunds.create({"charge": charge, "amount": minor}))["id"])

    def dispute(self, gift: Gift) -> str:
        charge = self.charge_of(gift)
        self.drive("charges", charge, "dispute")
        return str(self.ask(lambda v1: v1.disputes.list({"charge": charge}))["data"][0]["id"])

    def pay_out(self) -> str:
        self.drive("balance", "all", "payout")
        return str(self.ask(lambda v1: v1.payouts.list())["data"][0]["id"])

    def run(self, *words: str) -> Result:
        """`flask donations …`"""
        return self.stand.app.test_cli_runner().invoke(args=["donations", *words])

    def reconciled(self, *words: str) -> dict[str, Any]:
        """The report of `reconcile --json`, and that its exit code agrees with it."""
        result = self.run("reconcile", "--json", *words)
        report = json.loads(result.stdout)
        assert result.exit_code == (0 if report["ok"] else 1), result.output
        return report
