"""Many at once: exactly one signature, one defined outcome, on both databases."""

from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from sqlalchemy import event

from core import clock
from core.db import db
from core.jobs import Job, claim, run
from tests.petitions.conftest import Campaign

SPELLINGS = ("ada@example.org", "ADA@example.org", "ada+x@example.org", "Ada+y@EXAMPLE.org")


def test_200_signings_of_one_address_and_every_link_pressed_at_once_make_one_signature(campaign: Campaign) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: campaign.sign(SPELLINGS[n % 4]).status_code, range(200)))
        assert answers == [303] * 200
        campaign.work()
        links = [mail.links["confirm"] for mail in campaign.mails()]
        assert len(links) == 5
        pressed = list(pool.map(lambda n: campaign.press(links[n % 5]).status_code, range(50)))
    assert pressed == [303] * 50
    assert campaign.count() == campaign.valid() == 1


@pytest.mark.parametrize("round_", range(3))
def test_confirming_and_withdrawing_at_once_end_withdrawn_when_both_are_through(
    campaign: Campaign, round_: int
) -> None:
    campaign.sign()
    campaign.work()
    links = campaign.mails()[0].links
    acts = ["confirm", "withdraw"] * 25
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda act: campaign.press(links[act]).status_code, acts)) == {303}
    assert campaign.count() == campaign.valid() == 0


def test_confirming_two_mails_and_withdrawing_fifty_at_once_end_withdrawn(campaign: Campaign) -> None:
    for _ in range(2):
        campaign.sign()
    campaign.work()
    first, second = (mail.links for mail in campaign.mails())
    links = [first["confirm"], second["withdraw"], second["confirm"]] * 17
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda link: campaign.press(link).status_code, links[:50])) == {303}
    assert campaign.count() == campaign.valid() == 0
    assert {(one.state, one.blob, one.email_index) for one in campaign.submissions()} == {("expired", None, None)}


def test_fifty_presses_of_two_mails_make_one_signature_and_one_confirmation(campaign: Campaign) -> None:
    for _ in range(2):
        campaign.sign()
    campaign.work()
    links = [mail.links["confirm"] for mail in campaign.mails()]
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda number: campaign.press(links[number % 2]).status_code, range(50))) == {303}
    assert campaign.count() == campaign.valid() == 1
    assert len(campaign.mails()) == 3


@pytest.mark.parametrize("round_", range(4))
def test_confirming_and_changing_the_address_at_once_end_one_way_or_the_other(campaign: Campaign, round_: int) -> None:
    signed = campaign.sign("old@example.org")
    campaign.work()
    link, sealed = campaign.mails()[0].links["confirm"], signed.headers["Location"].partition("?t=")[2]
    where = f"/petitions/{campaign.slug}/thanks/address"
    assert campaign.press(where, t=sealed, email="new@example.org").status_code == 303
    with ThreadPoolExecutor(9) as pool:
        worker = pool.submit(campaign.work)
        assert set(pool.map(lambda _: campaign.press(link).status_code, range(8))) == {303}
        worker.result()
    states = [one.state for one in campaign.submissions()]
    assert (campaign.count(), states) in [(1, ["confirmed"]), (0, ["superseded", "mailed"])]
    assert len(campaign.mails("new@example.org")) == len(states) - 1


def test_who_leaves_while_the_confirmation_is_being_told_gets_no_mail_about_it(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    links, left = campaign.mails()[0].links, []
    campaign.press(links["confirm"])
    with ThreadPoolExecutor(1) as pool, campaign.app.app_context():

        def leave(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.startswith("INSERT INTO signature_tokens") and not left:
                left.append(pool.submit(campaign.press, links["disown"]))
                wait(left, timeout=1)  # it waits for the worker, or has overtaken it

        event.listen(db.engine, "before_cursor_execute", leave)
        try:
            job = claim(clock.now(), Job.kind == "petitions.confirmed")
            assert job is not None
            run(job, campaign.app.extensions["jobs"].handlers)
        finally:
            event.remove(db.engine, "before_cursor_execute", leave)
        assert left[0].result().status_code == 303
    campaign.work()
    assert len(campaign.mails()) == 1 and campaign.count() == 0
