"""Whatever is paid, asked for, given back, failed and contested, in any order: receipts never say more than what is left."""

from typing import Any

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from core import clock
from core.db import db
from core.money import Money
from core.vault import SITE, ensure_scope, vault
from donations.models import Payment
from donations.reversals import services as reversals
from donations.reversals.models import DisputeStatus, Refund, RefundStatus
from donations.tax import numbering
from donations.tax.models import TaxReceiptLine
from tests.conftest import empty
from tests.donations.tax import Tax

FEW = settings(
    max_examples=8, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


class Receipts(RuleBasedStateMachine):
    """One donor with an address, gifts once and by the month, and a worker who comes when it comes."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app, self.tax = app, Tax(app)
        with app.app_context():
            empty()
            vault().forget()
            ensure_scope(SITE)
        self.tax.register()
        self.payments: list[str] = []
        self.refunds: list[str] = []
        self.pay(1000, "once")
        self.tax.lives()

    @rule(minor=st.integers(1, 5000), frequency=st.sampled_from(["once", "monthly"]))
    def pay(self, minor: int, frequency: str) -> None:
        self.payments.append(self.tax.paid(minor, frequency=frequency))

    @rule()
    def ask(self) -> None:
        self.tax.ask()
        self.agree()

    @rule(which=st.integers(0, 99), share=st.integers(1, 100), status=st.sampled_from([*reversals.GOING]))
    def refund(self, which: int, share: int, status: RefundStatus) -> None:
        payment = self.payments[which % len(self.payments)]
        if left := self.tax.left()[payment]:
            self.refunds.append(f"re_{len(self.refunds)}")
            self._refund(self.refunds[-1], payment, max(1, left * share // 100), status)

    @precondition(lambda self: self.refunds)
    @rule(which=st.integers(0, 99), status=st.sampled_from([*RefundStatus]))
    def move(self, which: int, status: RefundStatus) -> None:
        """A refund comes through, fails, or late news of it comes."""
        name = self.refunds[which % len(self.refunds)]
        with self.app.app_context():
            kept = db.session.get_one(Refund, name)
            payment, minor = kept.payment_intent, kept.amount
        self._refund(name, payment, minor, status)

    @rule(which=st.integers(0, 99), status=st.sampled_from([*DisputeStatus]), share=st.integers(1, 100))
    def contest(self, which: int, status: DisputeStatus, share: int) -> None:
        payment = self.payments[which % len(self.payments)]
        with self.app.app_context():
            paid = db.session.scalars(select(Payment).where(Payment.stripe_id == payment)).one().amount
            money = Money(max(1, paid * share // 100), "EUR")
            told = reversals.Contested(f"dp_{payment}", payment, money, status, "general", None, None)
            reversals.record_dispute(told, at=clock.now())
            db.session.commit()

    @rule()
    def work(self) -> None:
        self.tax.settle()
        self.agree()

    def agree(self) -> None:
        """The worker has done everything: what was ever receipted is receipted with what is left, no more and no less."""
        valid, left = self.tax.valid(), self.tax.left()
        with self.app.app_context():
            lines = db.session.scalars(select(TaxReceiptLine)).all()
            ever = {line.payment.stripe_id for line in lines}
            assert numbering.gaps() == []
        assert valid == {payment: left[payment] for payment in ever if left[payment]}
        names = [name for name, _, _ in self.tax.receipts()]
        assert [int(name.rpartition("-")[2]) for name in names] == list(range(1, len(names) + 1))

    def teardown(self) -> None:
        self.work()

    def _refund(self, name: str, payment: str, minor: int, status: Any) -> None:
        with self.app.app_context():
            reversals.record_refund(name, payment, Money(minor, "EUR"), status, at=clock.now())
            db.session.commit()


def test_receipts_always_say_what_is_left_and_numbers_have_no_gap(app: Flask) -> None:
    run_state_machine_as_test(lambda: Receipts(app), settings=FEW)
