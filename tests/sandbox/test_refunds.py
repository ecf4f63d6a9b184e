"""Money that goes back: refunds, disputes, early fraud warnings."""

import pytest
import stripe

UPDATED = ["refund.updated", "charge.refund.updated"]


@pytest.fixture
def charge(bench):
    return bench.paid_charge()


def refund(bench, charge, **params):
    return bench.client.v1.refunds.create({"payment_intent": charge["payment_intent"], **params})


def charge_now(bench, charge):
    return bench.client.v1.charges.retrieve(charge["id"], {"expand": ["refunds"]}).to_dict()


def net(bench):
    """What the balance holds, in cents."""
    return sum(entry.net for entry in bench.client.v1.balance_transactions.list({"limit": 100}).data)


def test_a_part_and_then_the_rest_can_be_refunded(bench, charge):
    first = refund(bench, charge, amount=500, reason="requested_by_customer", metadata={"by": "office"})
    assert (first.status, first.amount, first.reason, first.charge) == (
        "succeeded", 500, "requested_by_customer", charge["id"],
    )  # fmt: skip
    assert bench.event_types()[4:] == ["refund.created", "charge.refunded", *UPDATED]
    after = charge_now(bench, charge)
    assert (after["amount_refunded"], after["refunded"]) == (500, False)
    rest = refund(bench, charge)
    assert rest.amount == 2000
    after = charge_now(bench, charge)
    assert (after["amount_refunded"], after["refunded"]) == (2500, True)
    assert [made["id"] for made in after["refunds"]["data"]] == [rest.id, first.id]
    listed = bench.client.v1.refunds.list({"payment_intent": charge["payment_intent"]}).data
    assert [made.id for made in listed] == [rest.id, first.id]
    assert bench.client.v1.refunds.retrieve(first.id).metadata.to_dict() == {"by": "office"}


def test_more_than_is_left_is_refused(bench, charge):
    with pytest.raises(stripe.InvalidRequestError, match="is greater than charge amount") as refusal:
        refund(bench, charge, amount=2501)
    assert refusal.value.param == "amount"
    refund(bench, charge, amount=2000)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount on charge"):
        refund(bench, charge, amount=501)
    refund(bench, charge)
    with pytest.raises(stripe.InvalidRequestError, match="has already been refunded") as refusal:
        refund(bench, charge)
    assert refusal.value.code == "charge_already_refunded"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"charge": "ch_none"},
        {"payment_intent": "pi_none"},
        {"charge": "ch_none", "payment_intent": "pi_none"},
        {"amount": 0},
        {"amount": -1},
        {"reason": "whim"},
    ],
)
def test_a_refund_of_nothing_is_refused(bench, params):
    with pytest.raises(stripe.InvalidRequestError):
        bench.client.v1.refunds.create(params)


def test_what_was_not_paid_cannot_be_refunded(bench):
    session = bench.open_session()
    bench.press(session, "decline")
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        bench.client.v1.refunds.create({"payment_intent": bench.session(session)["payment_intent"]})


def test_a_refund_may_stay_pending_and_come_back(bench, charge):
    before = net(bench)
    bench.drive("switches", "pending_refunds", "1")
    made = refund(bench, charge, amount=2500)
    assert (made.status, net(bench)) == ("pending", before - 2500)
    happened = bench.events_of(lambda: bench.drive("refunds", made.id, "fail"))
    assert happened == ["charge.updated", "refund.failed", *UPDATED]
    failed = bench.client.v1.refunds.retrieve(made.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_balance_transaction.net) == ("failed", 2500)
    assert net(bench) == before
    assert charge_now(bench, charge)["refunded"] is False
    again = refund(bench, charge, amount=2500)
    assert bench.events_of(lambda: bench.drive("refunds", again.id, "settle")) == UPDATED
    assert bench.client.v1.refunds.retrieve(again.id).status == "succeeded"
    assert bench.drive("refunds", again.id, "settle").status_code == 409


def test_the_refund_of_a_debit_takes_its_days(bench):
    session = bench.open_session()
    bench.press(session, "debit")
    bench.drive("sessions", session["id"], "settle")
    made = refund(bench, bench.charge_of(session))
    assert (made.status, made.id[:4]) == ("pending", "pyr_")


def test_a_dispute_takes_money_and_fee_and_gives_both_back_when_won(bench, charge):
    before = net(bench)
    happened = bench.events_of(lambda: bench.drive("charges", charge["id"], "dispute"))
    assert happened == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert net(bench) == before - 2500 - 1500
    (dispute,) = bench.client.v1.disputes.list({"charge": charge["id"]}).data
    assert (dispute.status, dispute.amount) == ("needs_response", 2500)
    assert dispute.evidence_details.due_by > dispute.created
    assert [entry.fee for entry in dispute.balance_transactions] == [1500]
    assert charge_now(bench, charge)["disputed"] is True
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        refund(bench, charge)
    assert refusal.value.code == "charge_disputed"
    happened = bench.events_of(lambda: bench.drive("disputes", dispute.id, "win"))
    assert happened == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]
    assert net(bench) == before
    assert bench.client.v1.disputes.retrieve(dispute.id).status == "won"
    assert refund(bench, charge).status == "succeeded"


def test_a_lost_dispute_stays_lost(bench, charge):
    before = net(bench)
    bench.drive("charges", charge["id"], "dispute")
    (dispute,) = bench.client.v1.disputes.list({"payment_intent": charge["payment_intent"]}).data
    happened = bench.events_of(lambda: bench.client.v1.disputes.close(dispute.id))
    assert happened == ["charge.dispute.closed"]
    assert bench.client.v1.disputes.retrieve(dispute.id).status == "lost"
    assert net(bench) == before - 4000
    assert bench.drive("disputes", dispute.id, "win").status_code == 409


def test_a_refunded_charge_can_be_disputed_all_the_same(bench, charge):
    refund(bench, charge)
    bench.drive("charges", charge["id"], "dispute")
    assert bench.client.v1.disputes.list().data[0].amount == 2500


def test_an_inquiry_moves_no_money_until_it_becomes_a_dispute(bench, charge):
    before = net(bench)
    assert bench.events_of(lambda: bench.drive("charges", charge["id"], "inquire")) == ["charge.dispute.created"]
    (dispute,) = bench.client.v1.disputes.list().data
    assert (dispute.status, net(bench)) == ("warning_needs_response", before)
    happened = bench.events_of(lambda: bench.drive("disputes", dispute.id, "escalate"))
    assert happened == ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]
    assert net(bench) == before - 4000


def test_an_inquiry_can_end_well(bench, charge):
    bench.drive("charges", charge["id"], "inquire")
    (dispute,) = bench.client.v1.disputes.list().data
    bench.drive("disputes", dispute.id, "lose")
    assert bench.client.v1.disputes.retrieve(dispute.id).status == "warning_closed"
    assert refund(bench, charge).status == "succeeded"


def test_a_card_network_warns_of_fraud(bench, charge):
    happened = bench.events_of(lambda: bench.drive("charges", charge["id"], "warn"))
    assert happened == ["radar.early_fraud_warning.created"]
    (warning,) = bench.client.v1.radar.early_fraud_warnings.list({"charge": charge["id"]}).data
    assert (warning.actionable, warning.payment_intent) == (True, charge["payment_intent"])
    assert bench.client.v1.radar.early_fraud_warnings.retrieve(warning.id).id == warning.id
