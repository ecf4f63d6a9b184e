"""The pay page: what a donor does, what comes of it, and which events tell it."""

import pytest
import stripe

from tests.sandbox.happenings import DECLINED, PAID


def test_the_pay_page_says_what_is_paid_and_that_no_money_moves(bench):
    page = bench.look(f"/c/pay/{bench.open_session()['id']}")
    assert page.status_code == 200
    for words in ("This is a sandbox. No money moves.", "Donation", "25.00 EUR", "once", "donor@example.org"):
        assert words in page.text
    for button in ("Pay", "Decline", "PayPal", "SEPA debit (settles later)", "Cancel and go back", "Expire"):
        assert f">{button}</button>" in page.text
    assert "every month" in bench.look(f"/c/pay/{bench.open_patronage()['id']}").text
    assert "every year" in bench.look(f"/c/pay/{bench.open_patronage('year')['id']}").text


def test_the_page_runs_no_script_and_may_post_only_to_itself_and_the_way_back(bench):
    page = bench.look(f"/c/pay/{bench.open_session()['id']}")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:9" in policy
    assert "unsafe-inline" not in policy
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "Set-Cookie" not in page.headers


def test_paying_completes_the_session_and_goes_back_with_its_id(bench):
    session = bench.open_session()
    answer = bench.press(session, "pay")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://127.0.0.1:9/thanks?session_id={session['id']}"
    paid = bench.session(session, expand=["payment_intent.latest_charge"])
    assert (paid["status"], paid["payment_status"], paid["url"]) == ("complete", "paid", None)
    intent = paid["payment_intent"]
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 2500)
    assert intent["metadata"] == {"donation": "d-1"}
    assert intent["latest_charge"]["paid"] is True
    assert bench.event_types() == PAID


def test_paying_twice_pays_once(bench):
    session = bench.open_session()
    first, second = bench.press(session, "pay"), bench.press(session, "pay")
    assert first.headers["Location"] == second.headers["Location"]
    assert bench.event_types() == PAID


def test_a_declined_card_leaves_the_session_open_for_another_try(bench):
    session = bench.open_session()
    answer = bench.press(session, "decline")
    assert answer.headers["Location"] == f"/c/pay/{session['id']}"
    assert "Your card was declined." in bench.look(answer.headers["Location"]).text
    assert bench.session(session)["status"] == "open"
    assert bench.event_types() == DECLINED
    bench.press(session, "pay")
    assert bench.session(session)["payment_status"] == "paid"
    assert bench.event_types() == DECLINED + PAID
    intent = bench.client.v1.payment_intents.retrieve(bench.session(session)["payment_intent"])
    assert intent.last_payment_error is None
    assert len(bench.client.v1.charges.list({"payment_intent": intent.id}).data) == 2


def test_a_bank_debit_completes_unpaid_and_is_paid_days_later(bench):
    session = bench.open_session()
    assert bench.press(session, "debit").headers["Location"].startswith("http://127.0.0.1:9/thanks")
    waiting = bench.session(session)
    assert (waiting["status"], waiting["payment_status"]) == ("complete", "unpaid")
    pending = ["charge.pending", "payment_intent.processing", "checkout.session.completed"]
    assert bench.event_types() == pending
    assert bench.client.v1.balance.retrieve().pending[0].amount == 2500
    assert bench.drive("sessions", session["id"], "settle").status_code == 303
    assert bench.session(session)["payment_status"] == "paid"
    settled = ["payment_intent.succeeded", "charge.succeeded", "checkout.session.async_payment_succeeded"]
    assert bench.event_types() == pending + settled
    completed = bench.client.v1.events.list({"type": "checkout.session.completed"}).data[0]
    assert completed.data.object.payment_status == "unpaid"
    assert bench.client.v1.balance.retrieve().available[0].amount == 2465  # less the fee


def test_a_bank_debit_may_come_back(bench):
    session = bench.open_session()
    bench.press(session, "debit")
    bench.drive("sessions", session["id"], "fail")
    assert bench.session(session)["payment_status"] == "unpaid"
    assert bench.event_types()[3:] == [*DECLINED, "checkout.session.async_payment_failed"]
    assert bench.drive("sessions", session["id"], "settle").status_code == 409


def test_a_session_for_cards_only_offers_no_debit(bench):
    session = bench.open_session(payment_method_types=["card"])
    assert "debit" not in bench.look(f"/c/pay/{session['id']}").text
    assert bench.press(session, "debit").status_code == 409


def test_going_back_leaves_the_session_open(bench):
    session = bench.open_session()
    answer = bench.press(session, "cancel")
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://127.0.0.1:9/cancelled")
    assert bench.session(session)["status"] == "open"
    assert bench.event_types() == []


def test_an_expired_session_cannot_be_paid(bench):
    session = bench.open_session()
    bench.press(session, "decline")
    bench.press(session, "expire")
    assert bench.press(session, "pay").status_code == 409
    assert "has expired" in bench.look(f"/c/pay/{session['id']}").text
    assert bench.event_types() == [*DECLINED, "payment_intent.canceled", "checkout.session.expired"]


def test_a_session_whose_time_is_over_cannot_be_paid(bench):
    session = bench.open_session()
    bench.ahead = 24 * 60 * 60 + 1
    assert bench.press(session, "pay").status_code == 409


def test_a_customer_is_made_for_a_single_payment_only_where_asked_for(bench):
    plain, known = bench.open_session(), bench.open_session(customer_creation="always")
    for session in (plain, known):
        bench.press(session, "pay")
    assert bench.session(plain)["customer"] is None
    customer = bench.client.v1.customers.retrieve(bench.session(known)["customer"])
    assert customer.email == "donor@example.org"


@pytest.mark.parametrize("path", ["/c/pay/cs_test_none", "/nowhere"])
def test_what_is_not_there_is_a_page_that_says_so(bench, path):
    answer = bench.look(path)
    assert answer.status_code == 404
    assert "This is a sandbox. No money moves." in answer.text


def test_an_unknown_button_is_not_there(bench):
    assert bench.press(bench.open_session(), "steal").status_code == 404


def test_a_paid_event_holds_the_object_as_it_was(bench):
    session = bench.open_patronage()
    bench.press(session, "pay")
    created = bench.client.v1.events.list({"type": "customer.subscription.created"}).data[0]
    bench.client.v1.subscriptions.cancel(bench.session(session)["subscription"])
    again = bench.client.v1.events.retrieve(created.id)
    assert again.data.object.status == "active"


def test_events_are_listed_by_type_and_time(bench):
    bench.press(bench.open_session(), "pay")
    events = bench.client.v1.events
    newest = events.list({"limit": 1}).data[0]
    assert newest.type == "checkout.session.completed"
    assert [event.type for event in events.list({"starting_after": newest.id}).data] == PAID[:3][::-1]
    assert [event.type for event in events.list({"type": "checkout.session.*"}).data] == [PAID[3]]
    assert {event.type for event in events.list({"types": PAID[:2]}).data} == set(PAID[:2])
    assert events.list({"created": {"gte": newest.created + 60}}).data == []
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
        events.list({"sort": "asc"})
