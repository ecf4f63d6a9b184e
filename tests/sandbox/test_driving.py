"""The driving page: every button that it shows does something, and nothing of it needs a script."""

import re

import pytest


@pytest.fixture
def lived(bench):
    """One of everything that a button can change."""
    bench.open_session()
    for button in ("pay", "debit"):
        for opened in (bench.open_session, bench.open_patronage):
            bench.press(opened(), button)
    for more in ([], ["renew"]):
        settled = bench.open_patronage()
        bench.press(settled, "debit")
        bench.drive("sessions", settled["id"], "settle")
        for button in more:
            bench.drive("subscriptions", bench.session(settled)["subscription"], button)
    bench.client.v1.refunds.create({"charge": bench.paid_charge()["id"], "amount": 500})
    for button in ("inquire", "dispute"):
        bench.drive("charges", bench.paid_charge()["id"], button)
    return bench


def buttons(page):
    """The address of each button with what it is called aloud."""
    return re.findall(r'<form method="post" action="([^"]+)">\s*<button[^>]*?(?: aria-label="([^"]+)")?>', page)


def test_every_button_works_or_says_why_not(lived):
    done = set()
    while waiting := {address for address, _ in buttons(lived.look("/").text)} - done:
        for address in sorted(waiting):
            assert lived.post(address).status_code in (303, 409), address  # 409: another button was faster
        done |= waiting
        lived.post("/drive/switches/all/reset")
    kinds = {tuple(address.split("/")[2::2]) for address in done if not address.startswith("/drive/switches")}
    assert kinds >= {
        ("sessions", "settle"), ("sessions", "fail"), ("subscriptions", "renew"), ("subscriptions", "fail"),
        ("subscriptions", "give-up"), ("subscriptions", "ask"), ("subscriptions", "settle"), ("subscriptions", "bounce"),
        ("subscriptions", "withdraw"), ("subscriptions", "cancel"), ("charges", "refund"), ("charges", "dispute"),
        ("charges", "inquire"), ("charges", "warn"), ("refunds", "fail"), ("disputes", "win"), ("disputes", "lose"),
        ("disputes", "escalate"), ("balance", "payout"), ("events", "again"),
    }  # fmt: skip


def test_buttons_that_look_alike_are_called_otherwise(lived):
    named = [name for _, name in buttons(lived.look("/").text) if name and "/events/" not in _]
    assert len(named) == len(set(named))


def test_the_page_runs_no_script(lived):
    page = lived.look("/")
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "No money moves" in page.text


def test_payouts_and_the_balance_are_shown(lived):
    assert "Available: " in lived.look("/").text
    lived.drive("balance", "all", "payout")
    page = lived.look("/").text
    assert "Available: nothing." in page
    assert "po_" in page
