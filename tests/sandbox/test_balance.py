"""The account's balance: entries for all that moves money, and payouts that take it to the bank."""

import pytest


def entries(bench, **wanted):
    return bench.client.v1.balance_transactions.list({"limit": 100, **wanted}).data


@pytest.mark.parametrize(
    ("currency", "amount", "fee"), [("eur", 2500, 98), ("gbp", 2500, 93), ("jpy", 2000, 98), ("isk", 50000, 5950)]
)
def test_a_charge_is_booked_less_its_fee(bench, currency, amount, fee):
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Donation"}}
    charge = bench.paid_charge(line_items=[{"quantity": 1, "price_data": price}])
    (entry,) = entries(bench, source=charge["id"])
    assert charge["balance_transaction"] == entry.id
    assert (entry.amount, entry.fee, entry.net, entry.currency) == (amount, fee, amount - fee, currency)
    assert (entry.type, entry.status, [part.amount for part in entry.fee_details]) == ("charge", "available", [fee])
    expanded = bench.client.v1.charges.retrieve(charge["id"], {"expand": ["balance_transaction"]})
    assert expanded.balance_transaction.net == amount - fee


def test_another_means_of_payment_is_booked_as_a_payment(bench):
    session = bench.open_session()
    bench.press(session, "debit")
    assert entries(bench) == []
    bench.drive("sessions", session["id"], "settle")
    (entry,) = entries(bench, type="payment")
    assert (entry.fee, entry.source[:3]) == (35, "py_")


def test_a_payout_takes_everything_and_says_what(bench):
    charge, other = bench.paid_charge(), bench.paid_charge()
    bench.client.v1.refunds.create({"charge": other["id"], "amount": 1000})
    happened = bench.events_of(lambda: bench.drive("balance", "all", "payout"))
    assert happened == ["payout.created", "payout.paid", "payout.reconciliation_completed"]
    (payout,) = bench.client.v1.payouts.list({"status": "paid"}).data
    assert (payout.amount, payout.currency, payout.reconciliation_status) == (2402 * 2 - 1000, "eur", "completed")
    inside = entries(bench, payout=payout.id)
    assert [entry.type for entry in inside] == ["payout", "refund", "charge", "charge"]
    assert sum(entry.net for entry in inside) == 0
    assert bench.client.v1.payouts.retrieve(payout.id).balance_transaction == inside[0].id
    assert [amount.amount for amount in bench.client.v1.balance.retrieve().available] == [0]
    assert charge["balance_transaction"] in [entry.id for entry in inside]


def test_a_second_payout_takes_only_what_came_since(bench):
    bench.paid_charge()
    bench.drive("balance", "all", "payout")
    assert bench.drive("balance", "all", "payout").status_code == 409
    bench.paid_charge()
    bench.drive("balance", "all", "payout")
    assert [payout.amount for payout in bench.client.v1.payouts.list().data] == [2402, 2402]


def test_each_currency_is_paid_out_for_itself(bench):
    bench.paid_charge()
    price = {"currency": "gbp", "unit_amount": 1000, "product_data": {"name": "Donation"}}
    bench.paid_charge(line_items=[{"quantity": 1, "price_data": price}])
    bench.drive("balance", "all", "payout")
    assert {payout.currency: payout.amount for payout in bench.client.v1.payouts.list().data} == {
        "eur": 2402, "gbp": 951,
    }  # fmt: skip


def test_entries_are_listed_by_currency_kind_and_time_page_by_page(bench):
    for _ in range(3):
        bench.paid_charge()
    first = bench.client.v1.balance_transactions.list({"limit": 2, "currency": "eur", "type": "charge"})
    assert first.has_more
    assert len(list(first.auto_paging_iter())) == 3
    assert entries(bench, currency="usd") == []
    assert entries(bench, created={"gte": first.data[0].created + 60}) == []


def test_the_first_news_of_a_card_s_charge_names_no_entry_yet(bench):
    charge = bench.paid_charge()
    updated, succeeded = bench.client.v1.events.list({"types": ["charge.succeeded", "charge.updated"]}).data
    assert succeeded.data.object.balance_transaction is None
    assert updated.data.object.balance_transaction == charge["balance_transaction"]
    assert updated.data.previous_attributes.to_dict() == {"balance_transaction": None}
