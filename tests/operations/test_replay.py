"""What people asked for after a backup was made still holds once that backup was restored."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from core import tokens
from core.db import db
from core.unsubscribes import Unsubscribe
from core.vault import vault
from petitions import consent
from petitions.counting import tallies
from petitions.models import Petition, Signature, Submission
from petitions.paper import batches as paper_batches
from petitions.paper import services as paper_services
from petitions.states import ExitReason, InvitationState, SignatureState, Visibility
from tests.organisers.conftest import enter
from tests.organisers.imports.test_imports import Import
from tests.petitions.conftest import Campaign
from tests.petitions.own_pages import letters, own_page, press
from tests.petitions.test_invitations import Letter
from tests.petitions.test_organisations import NOTABLE


@pytest.fixture
def back_in_time(app: Flask, campaign: Campaign, tmp_path: Path) -> Callable[[Callable[[], object]], None]:
    """Makes a backup, does something, lets the worker journal it, and restores the backup over it."""

    def run(*arguments: str) -> None:
        result = app.test_cli_runner().invoke(args=list(arguments))
        assert result.exit_code == 0, result.output

    def go(act: Callable[[], object]) -> None:
        file = str(tmp_path / "site.tar.gz")
        run("backup", file)
        act()
        campaign.work()
        run("restore", file, "--force")

    return go


def test_a_narrowed_choice_stays_narrowed(campaign: Campaign, back_in_time: Callable[..., None]) -> None:
    own = own_page(campaign, name="Zenobia Sentinel", visibility="public")
    back_in_time(lambda: press(campaign, own, "visibility", visibility="counted"))
    with campaign.app.app_context():
        row = db.session.scalars(select(Signature)).one()
        assert (row.state, row.visibility, row.public_name) == (SignatureState.VALID, Visibility.COUNTED, None)


def test_who_narrowed_stays_off_the_notable_signatories(campaign: Campaign, back_in_time: Callable[..., None]) -> None:
    own = own_page(campaign, NOTABLE["email"], name=NOTABLE["name"], visibility="public")
    letter = stand_as_notable(campaign)
    back_in_time(lambda: press(campaign, own, "visibility", visibility="counted"))
    assert letter.states() == [InvitationState.WITHDRAWN] and NOTABLE["name"] not in letter.public()


def test_who_took_the_name_off_the_notable_signatories_alone_goes_on_counting(
    campaign: Campaign, back_in_time: Callable[..., None]
) -> None:
    own = own_page(campaign, NOTABLE["email"], name=NOTABLE["name"], visibility="counted")
    letter = stand_as_notable(campaign)
    back_in_time(lambda: press(campaign, own, "notable"))
    assert letter.states() == [InvitationState.WITHDRAWN] and NOTABLE["name"] not in letter.public()
    assert campaign.count() == campaign.valid() == 1


@pytest.mark.parametrize("confirmed", [False, True])
def test_what_waited_to_be_confirmed_stays_narrowed(
    campaign: Campaign, back_in_time: Callable[..., None], confirmed: bool
) -> None:
    campaign.sign(name="Zenobia Sentinel", visibility="public")
    campaign.work()
    own, confirm = letters(campaign)[-1].own, campaign.mails()[-1].links["confirm"]

    def act() -> None:
        if confirmed:
            campaign.press(confirm)
        assert press(campaign, own, "visibility", visibility="counted").status_code == 303

    back_in_time(act)
    assert campaign.valid() == 0 and campaign.press(confirm).status_code == 303
    campaign.work()
    with campaign.app.app_context():
        row = db.session.scalars(select(Signature)).one()
        assert (row.visibility, row.public_name) == (Visibility.COUNTED, None)


def test_a_link_that_was_ended_opens_nothing_and_the_others_still_do(
    campaign: Campaign, back_in_time: Callable[..., None]
) -> None:
    own, other = own_page(campaign), own_page(campaign, "ben@example.org")
    back_in_time(lambda: press(campaign, own, "links"))
    assert [campaign.client.get(page).status_code for page in (own, other)] == [404, 200]
    press(campaign, other, "links")
    campaign.work()
    newer = letters(campaign, "ben@example.org")[-1].own
    back_in_time(lambda: None)
    assert [campaign.client.get(page).status_code for page in (other, newer)] == [404, 200]


def stand_as_notable(campaign: Campaign) -> Letter:
    """Whoever has signed is invited, too, says yes, and is shown after an organiser's."""
    letter = Letter(campaign.app, campaign, enter(campaign.app))
    letter.office.saved(f"{letter.office_list}/new", **NOTABLE)
    campaign.work()
    letter.sign(NOTABLE["email"])
    assert "Approved" in letter.approve(0)
    campaign.work()
    assert NOTABLE["name"] in letter.public()
    return letter


def test_who_had_everything_erased_is_in_no_clear_column(campaign: Campaign, back_in_time: Callable[..., None]) -> None:
    own = own_page(campaign, visibility="public", country="DE")
    back_in_time(lambda: press(campaign, own, "erase"))
    with campaign.app.app_context():
        row = db.session.scalars(select(Signature)).one()
        sent = db.session.scalars(select(Submission)).one()
        assert (row.state, row.blob, row.public_name, row.country) == (SignatureState.ERASED, None, None, "")
        assert (sent.blob, sent.email_index, sent.country) == (None, None, "")


def test_paper_that_was_taken_back_stays_away(campaign: Campaign, back_in_time: Callable[..., None]) -> None:
    app = campaign.app

    with app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        vault().prepare(petition.scope)
        batch = paper_batches.new_batch(petition, "Market", actor="o@example.org")
        lines = [paper_services.PaperLine("Zenobia Sentinel", "DE"), paper_services.PaperLine("Bernarda Alba", "DE")]
        agreed = consent.digest_of(petition, Visibility.COUNTED)
        paper_services.enter(petition, lines, batch=batch, consent_digest=agreed, once="sheet")
        db.session.commit()
        ids = db.session.scalars(select(Signature.public_id).order_by(Signature.id)).all()
        batch_id = batch.id

    def take_back() -> None:
        with app.app_context():
            petition = db.session.get_one(Petition, campaign.id)
            assert paper_batches.take_back_line(petition, paper_batches.get_batch(petition, batch_id), ids[0]) == 1
            db.session.commit()

    back_in_time(take_back)
    with app.app_context():
        rows = {row.public_id: row for row in db.session.scalars(select(Signature))}
        assert (rows[ids[0]].state, rows[ids[0]].exit_reason) == (SignatureState.ERASED, ExitReason.ERASED)
        assert rows[ids[0]].blob is None and rows[ids[1]].state == SignatureState.VALID
        tallies.fold()
        assert tallies.total(campaign.id) == 1 and tallies.drift() == {}


def test_a_file_that_was_taken_back_and_a_line_that_was_taken_out_stay_away(
    campaign: Campaign, back_in_time: Callable[..., None]
) -> None:
    taking = Import(enter(campaign.app), campaign)
    page = taking.taken(b"name,email,country\nZenobia Sentinel,z@example.org,DE\nBernarda Alba,b@example.org,ES\n")
    other = taking.taken(b"name,country\nCarl Example,DE\n")

    def leave() -> None:
        taking.office.saved(f"{page}/remove-line", line="2")
        taking.office.saved(f"{other}/take-back")

    back_in_time(leave)
    assert [person["name"] for person in taking.people()] == ["Bernarda Alba"]
    assert taking.counted() == (0, {"other": 1})


@pytest.mark.parametrize("presses", [("stop",), ("stop", "undo", "stop"), ("stop", "undo")])
def test_who_wants_no_mail_gets_none(
    campaign: Campaign, back_in_time: Callable[..., None], presses: tuple[str, ...]
) -> None:
    own_page(campaign)
    link = letters(campaign)[-1].unsubscribe
    paths = {"stop": link, "undo": f"{link}/undo"}

    def ask() -> None:
        for one in presses:
            data = {"stop": "yes", "token": campaign.token()}
            assert campaign.client.post(paths[one], data=data).status_code in (200, 303)

    back_in_time(ask)
    with campaign.app.app_context():
        mark = tokens.digest(link.rsplit("/", 1)[1])
        stopped = db.session.scalar(select(func.count()).select_from(Unsubscribe).where(Unsubscribe.digest == mark))
        assert stopped == (1 if presses[-1] == "stop" else 0)
