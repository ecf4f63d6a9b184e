"""Paper in the office: sheets typed in, counted apart, never twice, and taken back."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from core import clock
from core.db import db
from core.jobs import Job
from core.vault import SITE, vault
from operations import retention_run
from petitions import list_services, services
from petitions.abuse import invalidation_batches, invalidation_services
from petitions.counting import tallies
from petitions.models import ConsentText, Petition, Signature, Submission, Suppression
from petitions.paper import batches
from petitions.paper import services as paper_services
from petitions.paper.models import PaperBatch
from petitions.persons import open_person
from petitions.states import ExitReason, Method, PetitionState, SignatureState, Visibility
from tests.core.conftest import at_once
from tests.organisers.conftest import Office
from tests.petitions.conftest import Campaign, make_campaign

ORGANISER = "olga@example.org"
ONCE = re.compile(r'name="once" value="([^"]+)"')


class Paper:
    """A campaign's paper, typed in by an organiser."""

    def __init__(self, office: Office, campaign: Campaign) -> None:
        self.office, self.campaign = office, campaign
        self.path = f"/office/petitions/{campaign.id}/paper"

    def screen(self, *lines: dict[str, str], page: str = "new", **fields: Any) -> dict[str, Any]:
        shown = self.office.get(f"{self.path}/{page}")
        typed = {f"{cell}-{n}": text for n, line in enumerate(lines, 1) for cell, text in line.items()}
        once = ONCE.search(shown)
        sheet = re.search(r'<option (?:selected )?value="([0-9a-f]{64})"', shown)
        assert once and sheet
        return {"once": once[1], "sheet": sheet[1], "label": "Stall", **typed, **fields}

    def type(self, *lines: dict[str, str], page: str = "new", **fields: Any) -> Any:
        return self.office.post(f"{self.path}/{page}", **self.screen(*lines, page=page, **fields))

    def rows(self, **where: Any) -> list[Signature]:
        with self.campaign.app.app_context():
            query = select(Signature).where(Signature.method == Method.PAPER).filter_by(**where).order_by(Signature.id)
            return list(db.session.scalars(query))

    def people(self) -> list[dict[str, Any]]:
        with self.campaign.app.app_context():
            petition = db.session.get_one(Petition, self.campaign.id)
            rows = db.session.scalars(select(Signature).where(Signature.method == Method.PAPER).order_by(Signature.id))
            return [open_person(petition, row) for row in rows if row.blob]

    def on_paper(self) -> int:
        self.campaign.work()
        with self.campaign.app.app_context():
            return tallies.on_paper(self.campaign.id)

    def listed(self) -> list[tuple[str, str]]:
        with self.campaign.app.app_context():
            petition = db.session.get_one(Petition, self.campaign.id)
            return [(line.name, line.country) for line in list_services.signatures_for(petition)]


@pytest.fixture
def paper(office: Office, campaign: Campaign) -> Paper:
    return Paper(office, campaign)


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


def test_a_sheet_is_typed_counted_as_paper_and_handed_over(paper: Paper) -> None:
    answer = paper.type(
        {"name": "  Ada   Example ", "country": "Ireland", "city": "Cork"}, {"name": "Ben Example"}, {},
        {"name": "Cem Example", "country": "de", "email": "cem@example.org"},
    )  # fmt: skip
    assert answer.status_code == 303 and answer.headers["Location"].endswith("/more")
    assert "3 lines were saved and count." in paper.office.get(answer.headers["Location"])
    rows = paper.rows()
    assert [row.country for row in rows] == ["IE", "IE", "DE"]
    for row in rows:
        assert (row.state, row.visibility, row.source) == (SignatureState.VALID, Visibility.RECIPIENTS, "paper")
        assert row.signed_at.minute == row.signed_at.second == 0 and row.public_name is None
    assert [row.email_index is not None for row in rows] == [False, False, True]
    assert [(p["name"], p["city"], p["email"]) for p in paper.people()] == [
        ("Ada Example", "Cork", ""), ("Ben Example", "", ""), ("Cem Example", "", "cem@example.org"),
    ]  # fmt: skip
    assert paper.on_paper() == 3 and paper.campaign.count() == 3
    assert paper.listed() == [("Ada Example", "IE"), ("Ben Example", "IE"), ("Cem Example", "DE")]
    assert ("paper.entered", paper.campaign.slug) in paper.office.acts()


def test_what_was_agreed_to_on_the_sheet_is_kept_and_nothing_of_it_stands_in_clear(paper: Paper) -> None:
    paper.type({"name": "Ada Sentinel", "country": "IE", "city": "Sentinelville", "email": "sentinel@example.org"})
    with paper.campaign.app.app_context():
        agreed = db.session.get_one(ConsentText, paper.rows()[0].consent_digest)
        assert "Release them." in agreed.text and "my name and country go with it to A. Recipient" in agreed.text
        everything = [repr(row) for table in db.metadata.sorted_tables for row in db.session.execute(select(table))]
    assert not any("entinel" in row for row in everything)


def test_nobody_whose_address_stands_on_paper_is_mailed(paper: Paper) -> None:
    paper.type({"name": "Ada Example", "country": "IE", "email": "ada@example.org"})
    paper.campaign.work()
    assert paper.campaign.mails() == []
    with paper.campaign.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Submission)) == 0
        assert db.session.scalar(select(func.count()).where(Job.kind == "mail")) == 0


def test_the_country_of_the_last_line_is_remembered_on_the_next_screen(paper: Paper) -> None:
    assert 'name="country-1" value=""' in paper.office.get(f"{paper.path}/new")
    where = paper.type({"name": "Ada Example", "country": "IE"}, {"name": "Ben Example", "country": "France"}).headers[
        "Location"
    ]
    assert 'name="country-1" value="France"' in paper.office.get(where)
    page = where.rpartition("/")[0].rpartition("/")[2] + "/more"
    answer = paper.type({"name": "Cem Example", "country": "France"}, page=page)
    assert answer.status_code == 303
    assert [row.batch_id for row in paper.rows()] == [1, 1, 1]
    assert 'name="country-1" value="France"' in paper.office.get(f"{paper.path}/new")


def test_errors_stand_at_their_lines_and_everything_typed_is_kept(paper: Paper) -> None:
    answer = paper.type(
        {"name": "Ada Example", "country": "Ireland", "city": "Cork"}, {"name": "Ben Example", "country": "Atlantis"},
        {"name": "", "city": "Bonn"}, {"name": "Dan Example", "email": "no address"}, {"name": "Eve\u202eelpmaxE"},
        {"name": "www.evil.example"},
    )  # fmt: skip
    assert answer.status_code == 422
    page = answer.text
    for sentence in (
        "Line 2: Write the country as the list has it", "Line 3: Write the name", "Line 4: Enter an email address",
        "Line 5: Remove the hidden characters", "Line 6: Remove the web address",
    ):  # fmt: skip
        assert sentence in page, sentence
    for kept in ('value="Ada Example"', 'value="Atlantis"', 'value="Bonn"', 'value="no address"', 'value="Stall"'):
        assert kept in page, kept
    assert 'href="#country-2"' in page and 'id="country-2"' in page and 'aria-describedby="country-2-error"' in page
    assert paper.rows() == []


def test_an_empty_screen_asks_for_a_line_and_the_first_needs_a_country(paper: Paper) -> None:
    assert "Type at least one line." in paper.type().text
    assert "Line 1: Write the country" in paper.type({"name": "Ada Example"}).text
    assert paper.rows() == []


def test_an_address_that_signed_online_is_left_out_and_not_counted_twice(paper: Paper) -> None:
    paper.campaign.signed("ada.example@gmail.com", name="Ada Example")
    answer = paper.type(
        {"name": "A. Example", "country": "IE", "email": "adaexample+paper@googlemail.com"},
        {"name": "Ben Example", "email": "ben@example.org"}, {"name": "B. Example", "email": "ben@example.org"},
    )  # fmt: skip
    assert answer.status_code == 303
    said = paper.office.get(answer.headers["Location"])
    assert (
        "1 line was saved and counts." in said
        and "2 were left out, since their email addresses have signed already." in said
    )
    assert paper.campaign.count() == 2 and paper.on_paper() == 1


def test_who_said_i_never_signed_this_is_not_counted_from_paper_either(paper: Paper) -> None:
    mail = paper.campaign.signed("ada@example.org")
    paper.campaign.press(mail.links["disown"])
    paper.campaign.work()
    with paper.campaign.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Suppression)) == 1
    answer = paper.type({"name": "Ada Example", "country": "IE", "email": "ada@example.org"})
    assert answer.status_code == 303 and "never signed this" in paper.office.get(answer.headers["Location"])
    assert paper.campaign.count() == 0 and paper.rows() == []


def test_a_name_that_signed_online_is_asked_about_and_the_answer_decides(paper: Paper) -> None:
    paper.campaign.signed("ada@example.org", name="Áda Example", country="IE")
    lines = ({"name": "EXAMPLE, ada", "country": "IE"}, {"name": "Ben Example"})
    asked = paper.type(*lines)
    assert asked.status_code == 422 and "Line 1: This name from this country has signed online already" in asked.text
    key = re.search(r'name="asked-1" value="([^"]+)"', asked.text)
    assert key and paper.rows() == []
    left_out = paper.type(*lines, **{"asked-1": key[1]})
    assert "Left out as the same person: 1." in paper.office.get(left_out.headers["Location"])
    assert [person["name"] for person in paper.people()] == ["Ben Example"]
    paper.type({"name": "EXAMPLE, ada", "country": "IE"}, **{"asked-1": key[1], "keep-1": "yes"})
    assert [person["name"] for person in paper.people()] == ["Ben Example", "EXAMPLE, ada"]
    other = paper.type({"name": "Ben Example", "country": "IE"}, **{"asked-1": key[1], "keep-1": "yes"})
    assert other.status_code == 422 and "typed from paper already" in other.text


def test_the_same_name_twice_on_one_screen_is_asked_about_and_another_country_is_not(paper: Paper) -> None:
    answer = paper.type(
        {"name": "Ada Example", "country": "IE"},
        {"name": "Ada Example", "country": "DE"},
        {"name": "ada example", "country": "IE"},
    )
    assert "Line 3: The same name and country stand on line 1." in answer.text and 'name="asked-2"' not in answer.text


def test_a_screen_that_is_sent_twice_is_stored_once(paper: Paper) -> None:
    fields = paper.screen({"name": "Ada Example", "country": "IE"}, {"name": "Ben Example"})
    assert paper.office.post(f"{paper.path}/new", **fields).status_code == 303
    again = paper.office.post(
        f"{paper.path}/new",
        **fields,
        **{"asked-1": "ada example|IE", "keep-1": "yes"},
        **{"asked-2": "ben example|IE", "keep-2": "yes"},
    )
    assert again.status_code == 303 and "Saved before, by the same form: 2." in paper.office.get(
        again.headers["Location"]
    )
    assert paper.campaign.count() == 2
    with paper.campaign.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(PaperBatch)) == 1


def test_a_whole_pile_is_taken_back_and_can_be_typed_in_again(paper: Paper) -> None:
    paper.type({"name": "Ada Example", "country": "IE", "email": "ada@example.org"}, {"name": "Ben Example"})
    assert paper.campaign.count() == 2
    where = paper.office.saved(f"{paper.path}/1/take-back")
    assert "2 lines were taken back" in paper.office.get(where) and "Taken back" in paper.office.get(where)
    assert paper.campaign.count() == 0 and paper.on_paper() == 0 and paper.listed() == []
    for row in paper.rows():
        assert (row.state, row.exit_reason, row.blob, row.email_index) == (
            SignatureState.ERASED, ExitReason.ERASED, None, None,
        )  # fmt: skip
    journal = list(paper.campaign.app.extensions["vault"].keystore.read_journal())
    assert all(("erased", row.public_id) in journal for row in paper.rows())
    assert paper.office.saved(f"{paper.path}/1/take-back") and paper.campaign.count() == 0
    assert paper.type({"name": "Cem Example", "country": "IE"}, page="new").status_code == 303
    assert paper.office.post(f"{paper.path}/1/more", **{"name-1": "Dan Example", "country-1": "IE"}).status_code == 409
    again = paper.type({"name": "Ada Example", "country": "IE", "email": "ada@example.org"})
    assert again.status_code == 303 and paper.campaign.count() == 2
    assert paper.office.acts().count(("paper.taken_back", paper.campaign.slug)) == 2


def test_one_line_is_taken_back_for_who_asks(paper: Paper) -> None:
    paper.type({"name": "Ada Example", "country": "IE"}, {"name": "Ben Example"})
    other = make_campaign(paper.campaign.app)
    public_id = paper.rows()[0].public_id
    paper.office.ask_for_names(paper.campaign.id, "paper")
    assert "Ada Example" in paper.office.get(f"{paper.path}/1")
    assert paper.office.post(f"/office/petitions/{other.id}/paper/1/take-back/{public_id}").status_code == 404
    paper.office.saved(f"{paper.path}/1/take-back/{public_id}")
    page = paper.office.get(f"{paper.path}/1")
    assert "Ada Example" not in page and "Ben Example" in page
    assert paper.campaign.count() == 1 and [p["name"] for p in paper.people()] == ["Ben Example"]
    assert ("paper.line_taken_back", paper.campaign.slug) in paper.office.acts()


def test_a_line_that_was_invalidated_is_erased_with_its_pile_and_leaves_the_count_alone(paper: Paper) -> None:
    paper.type({"name": "Ada Example", "country": "IE"}, {"name": "Ben Example"})
    with paper.campaign.app.app_context():
        row = db.session.scalars(select(Signature).order_by(Signature.id)).first()
        assert row is not None
        row.state = SignatureState.INVALIDATED
        tallies.change_many(row.petition_id, -1, [row])
        db.session.commit()
    paper.office.saved(f"{paper.path}/1/take-back")
    assert paper.campaign.count() == 0 and {row.state for row in paper.rows()} == {SignatureState.ERASED}


@pytest.mark.parametrize("first", ["undo", "take_back"])
def test_an_undo_and_a_taking_back_at_once_leave_no_line_standing(
    paper: Paper, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second waits for the other's commit, and finds the lines as that left them."""
    paper.type({"name": "Ada Example", "country": "VA"}, {"name": "Ben Example"})
    app = paper.campaign.app
    with app.app_context():
        vault().prepare(SITE)
        petition = db.session.get_one(Petition, paper.campaign.id)
        found = invalidation_services.prepare(petition, {"country": "VA"}, actor=ORGANISER)
        invalidation_services.start(found, actor=ORGANISER, reason="A test.")
        db.session.commit()
        assert paper.campaign.count() == 0
        db.session.refresh(found)
        invalidation_services.undo(found, actor=ORGANISER)
        db.session.commit()

    def undo(number: int) -> None:
        paper.campaign.work()

    def take_back(number: int) -> None:
        petition = db.session.get_one(Petition, paper.campaign.id)
        vault().prepare(petition.scope)
        batches.take_back(petition, db.session.get_one(PaperBatch, 1))
        db.session.commit()

    def between(after: Callable[[int], None], before: Callable[[int], None], module: Any, name: str) -> None:
        """Runs `before` in another thread just when `after` is about to call the module's function."""
        real, started = getattr(module, name), []

        def call(*given: Any, **named: Any) -> Any:
            if not started:
                started.append(threading.Thread(target=lambda: at_once(app, 1, before)))
                started[0].start()
                started[0].join(timeout=1)
            return real(*given, **named)

        with monkeypatch.context() as patched:
            patched.setattr(module, name, call)
            at_once(app, 1, after)
        started[0].join()

    if first == "undo":
        between(undo, take_back, invalidation_batches, "_count")
    else:
        between(take_back, undo, tallies, "change_many")
    assert paper.campaign.count() == paper.campaign.valid() == 0
    assert {row.state for row in paper.rows()} == {SignatureState.ERASED}
    with app.app_context():
        assert tallies.drift() == {}


def test_lines_that_are_entered_while_their_pile_is_taken_back_go_with_it(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper.type({"name": "Ada Example", "country": "IE"})
    fields = paper.screen({"name": "Ben Example", "country": "IE"}, page="1/more")
    real, started = paper_services.indexes_of, []

    def slow(*given: Any) -> Any:
        started.append(threading.Thread(target=lambda: at_once(paper.campaign.app, 1, take_back)))
        started[0].start()
        started[0].join(timeout=1)
        return real(*given)

    def take_back(number: int) -> None:
        petition = db.session.get_one(Petition, paper.campaign.id)
        batches.take_back(petition, db.session.get_one(PaperBatch, 1))
        db.session.commit()

    with monkeypatch.context() as patched:
        patched.setattr(paper_services, "indexes_of", slow)
        assert paper.office.post(f"{paper.path}/1/more", **fields).status_code == 303
    started[0].join()
    assert paper.campaign.count() == paper.campaign.valid() == 0
    assert paper.office.post(f"{paper.path}/1/more", **fields).status_code == 409


def test_after_the_clocks_have_run_out_no_line_is_taken_for_nobody_is_known_any_more(paper: Paper) -> None:
    paper.campaign.signed("ada@example.org")
    fields = paper.screen({"name": "Ada Example", "country": "IE", "email": "ada@example.org"})
    with paper.campaign.app.app_context():
        ended = {"state": PetitionState.CLOSED, "closes_at": clock.now() - timedelta(days=400)}
        db.session.execute(update(Petition).values(ended))
        db.session.commit()
        retention_run.run(clock.now())
    answer = paper.office.post(f"{paper.path}/new", **fields)
    assert answer.status_code == 409 and paper.campaign.count() == 1


@pytest.mark.parametrize("state", [PetitionState.DELIVERED, PetitionState.ARCHIVED])
def test_a_petition_that_was_delivered_takes_no_more_lines(paper: Paper, state: PetitionState) -> None:
    fields = paper.screen({"name": "Ada Example", "country": "IE"})
    with paper.campaign.app.app_context():
        db.session.get_one(Petition, paper.campaign.id).state = state
        db.session.commit()
    answer = paper.office.post(f"{paper.path}/new", **fields)
    assert answer.status_code == 409 and "takes no lines from paper now" in answer.text
    assert paper.office.client.get(f"{paper.path}/import").status_code == 409
    assert paper.rows() == []


def test_who_signed_an_older_sheet_is_not_handed_to_a_recipient_of_a_newer_one(paper: Paper) -> None:
    with paper.campaign.app.app_context():
        petition = db.session.get_one(Petition, paper.campaign.id)
        first = db.session.scalars(
            select(ConsentText.digest).where(ConsentText.text.startswith("undersigned/paper"))
        ).one()
        petition.recipients[0].name = "Another Official"
        db.session.flush()
        services.record_consent(petition)
        db.session.commit()
    paper.type({"name": "Ada Example", "country": "IE"}, sheet=first)
    paper.type({"name": "Ben Example", "country": "IE"})
    assert paper.campaign.count() == 2 and paper.listed() == [("Ben Example", "IE")]
    assert paper.type({"name": "Cem Example", "country": "IE"}, sheet="f" * 64).status_code == 422


def test_a_paper_signature_and_a_later_online_one_count_once(paper: Paper) -> None:
    paper.type({"name": "Ada Example", "country": "IE", "email": "ada@example.org"})
    assert paper.campaign.sign("ada@example.org").status_code == 303
    paper.campaign.work()
    assert "signed already" in paper.campaign.mails("ada@example.org")[-1].text.replace(
        "already signed", "signed already"
    )
    assert paper.campaign.count() == 1
