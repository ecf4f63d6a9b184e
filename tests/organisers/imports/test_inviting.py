"""Inviting those who were taken over: as far as the petition is open, stopped, begun again, each counted once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import current_thread
from typing import Any

from flask import Flask
from sqlalchemy import event, select, update

from cases.models import Case
from core import clock
from core.db import db
from core.jobs import Job
from core.switches import turn
from petitions.imports import inviting, leaving
from petitions.imports import services as imports
from petitions.imports.models import SignatureImport
from petitions.models import Petition
from petitions.states import PetitionState, SubmissionState
from tests.organisers.imports.test_imports import Import
from tests.organisers.imports.test_imports import taking as taking

HEADER = "first_name,last_name,email,country,can2_user_tags,can2_subscription_status\n"


def crowd(number: int) -> bytes:
    return (HEADER + "".join(f"Ada,N{n},ada{n}@example.org,IE,a,subscribed\n" for n in range(number))).encode()


def invited(taking: Import, raw: bytes) -> str:
    """Takes a file in and has its people invited; nothing is worked on yet."""
    page = taking.taken(raw)
    taking.office.saved(f"{page}/invite")
    return page


def put(app: Flask, table: Any, **values: Any) -> None:
    with app.app_context():
        db.session.execute(update(table).values(values))
        db.session.commit()


def test_invitations_go_on_by_themselves_once_a_paused_petition_takes_signatures_again(taking: Import) -> None:
    page = invited(taking, crowd(2))
    put(taking.app, Petition, state=PetitionState.PAUSED)
    taking.campaign.work()
    assert taking.campaign.mails() == [] and "It rests while the petition takes no signatures" in taking.office.get(
        page
    )
    put(taking.app, Petition, state=PetitionState.OPEN)
    taking.campaign.work()
    assert sorted(mail.to for mail in taking.campaign.mails()) == ["ada0@example.org", "ada1@example.org"]
    assert "2 mails were promised." in taking.office.get(page) and "All who can be written to" in taking.office.get(
        page
    )
    taking.campaign.work()
    assert len(taking.campaign.mails()) == 2


def test_invitations_go_on_by_themselves_once_a_frozen_case_is_shown_again(taking: Import) -> None:
    invited(taking, crowd(1))
    put(taking.app, Case, frozen_at=clock.now())
    taking.campaign.work()
    assert taking.campaign.mails() == []
    put(taking.app, Case, frozen_at=None)
    taking.campaign.work()
    assert len(taking.campaign.mails()) == 1


def test_few_invitations_wait_in_the_outbox_and_the_page_tells_how_many(taking: Import) -> None:
    most = inviting.WINDOW + inviting.AT_ONCE
    page = taking.taken(crowd(most + 20))
    stop_mailing(taking.app)
    taking.office.saved(f"{page}/invite")
    taking.campaign.work()
    with taking.app.app_context():
        assert len(db.session.scalars(select(Job.id).where(*inviting.OF_IMPORTS, Job.state == "queued")).all()) <= most
    assert "200 wait in the outbox" in taking.office.get(page) and "270 people gave an address." in taking.office.get(
        page
    )


def test_inviting_can_be_stopped_and_begun_again_and_each_gets_one_mail(taking: Import) -> None:
    page = taking.taken(crowd(3))
    stop_mailing(taking.app)
    taking.office.saved(f"{page}/invite")
    taking.campaign.work()
    taking.office.saved(f"{page}/stop-inviting")
    start_mailing(taking.app)
    taking.campaign.work()
    assert taking.campaign.mails() == [] and "Write to them now" in taking.office.get(page)
    assert "It has gone on meanwhile" in taking.office.get(taking.office.saved(f"{page}/stop-inviting"))
    taking.office.saved(f"{page}/invite")
    taking.campaign.work()
    assert sorted(mail.to for mail in taking.campaign.mails()) == [f"ada{n}@example.org" for n in range(3)]
    taking.campaign.press(taking.campaign.mails("ada1@example.org")[0].links["confirm"])
    assert taking.counted() == (1, {"action_network": 2})
    with taking.app.app_context():
        assert db.session.scalars(select(SignatureImport.invited)).one() == 3


def test_what_is_done_to_a_file_stands_on_the_first_page_while_it_goes_on(taking: Import) -> None:
    first = taking.chosen(crowd(2))
    link = f'href="{first}"'
    shown = taking.office.get("/office/")
    assert "A file of signatures is counted" in shown and link in shown
    taking.campaign.work()
    assert link not in taking.office.get("/office/")
    taking.office.saved(f"{first}/start")
    assert "Signatures are taken over from a file" in taking.office.get("/office/")
    taking.campaign.work()
    stop_mailing(taking.app)
    taking.office.saved(f"{first}/invite")
    taking.campaign.work()
    assert "Who was taken over is invited to confirm" in taking.office.get("/office/")
    taking.office.saved(f"{first}/stop-inviting")
    taking.office.saved(f"{first}/take-back")
    assert "A file of signatures is taken back" in taking.office.get("/office/")
    assert "2 signatures are still to be taken back." in taking.office.get(first)
    taking.campaign.work()
    assert link not in taking.office.get("/office/")


def test_who_confirms_while_an_invitation_batch_runs_is_counted_once(taking: Import) -> None:
    campaign, page = taking.campaign, taking.taken(crowd(2))
    campaign.sign("ada0@example.org")
    campaign.work()
    link = campaign.mails("ada0@example.org")[0].links["confirm"]
    taking.office.saved(f"{page}/invite")
    with meanwhile(taking.app, "INSERT INTO signature_tokens", lambda: campaign.press(link)) as pressed:
        inviting.go_on()
    assert pressed == [303]
    assert taking.counted() == (1, {"action_network": 1})
    assert [row.state for row in taking.rows()] == [SubmissionState.SUPERSEDED, SubmissionState.IMPORTED]


def test_who_confirms_between_the_reading_and_the_writing_of_a_batch_gets_no_invitation(taking: Import) -> None:
    campaign, page = taking.campaign, taking.taken(crowd(2))
    campaign.sign("ada0@example.org")
    campaign.work()
    link = campaign.mails("ada0@example.org")[0].links["confirm"]
    taking.office.saved(f"{page}/invite")
    with meanwhile(taking.app, "SELECT submissions.id", lambda: campaign.press(link), after=True):
        inviting.go_on()
    assert taking.counted() == (1, {"action_network": 1})
    assert len(campaign.mails("ada1@example.org")) == 1
    told = [mail.text for mail in campaign.mails("ada0@example.org")]
    assert len(told) == 2 and not any("you signed" in text and "Action Network" in text for text in told)
    with taking.app.app_context():
        assert db.session.scalars(select(SignatureImport.invited)).one() == 1


def test_taking_back_leaves_the_links_of_who_confirmed_meanwhile(taking: Import) -> None:
    invited(taking, crowd(2))
    campaign = taking.campaign
    campaign.work()
    links, left = campaign.mails("ada0@example.org")[0].links, campaign.mails("ada1@example.org")[0].links
    with taking.app.app_context():
        found = db.session.scalars(select(SignatureImport)).one()
        imports.take_back(found)
        db.session.commit()
        with meanwhile(taking.app, "SELECT submissions.id", lambda: campaign.press(links["confirm"]), after=True):
            leaving.work_on(found)
    assert taking.counted() == (1, {})
    assert [campaign.client.get(one["withdraw"]).status_code for one in (links, left)] == [200, 404]
    assert campaign.press(links["withdraw"]).status_code == 303 and taking.counted() == (0, {})


def test_a_taking_back_repeated_after_a_restore_leaves_the_links_of_who_confirmed(taking: Import) -> None:
    invited(taking, crowd(2))
    campaign = taking.campaign
    campaign.work()
    links = campaign.mails("ada0@example.org")[0].links
    campaign.press(links["confirm"])
    with taking.app.app_context():
        leaving.replay(imports.TAKEN_BACK, db.session.scalars(select(SignatureImport.public_id)).one())
        db.session.commit()
    assert taking.counted() == (1, {})
    assert campaign.press(links["withdraw"]).status_code == 303 and taking.counted() == (0, {})


def stop_mailing(app: Flask) -> None:
    with app.app_context():
        turn(actor="cli", mailing=False)
        db.session.commit()


def start_mailing(app: Flask) -> None:
    with app.app_context():
        turn(actor="cli", mailing=True)
        db.session.commit()


@contextmanager
def meanwhile(app: Flask, words: str, act: Callable[[], Any], *, after: bool = False) -> Iterator[list[int]]:
    """Somebody else's act, on a connection of their own, while this block runs a statement that begins so.

    It may have to wait for this transaction; with `after` the statement is one that reads, and the act ends before the next."""
    moment = "after_cursor_execute" if after else "before_cursor_execute"
    done: list[int] = []
    begun: list[Any] = []
    mine = current_thread()
    with ThreadPoolExecutor(1) as pool, app.app_context():

        def come(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.startswith(words) and current_thread() is mine and not begun:
                begun.append(pool.submit(act))
                wait(begun, timeout=10 if after else 1)

        event.listen(db.engine, moment, come)
        try:
            yield done
        finally:
            event.remove(db.engine, moment, come)
        assert begun, f"no statement began with {words}"
        done.append(begun[0].result().status_code)
