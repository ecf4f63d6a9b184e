"""Signatures of other systems: understood, shown masked, taken over, named apart, and taken back."""

import csv
import io
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from core import clock
from core.db import db
from core.jobs import Job
from operations import key_rotation
from organisers.imports import files, working
from petitions import deadlines, list_services
from petitions.counting import tallies
from petitions.imports import services as imports
from petitions.imports.models import ImportPart, SignatureImport
from petitions.keeping import erasure, retention
from petitions.models import Petition, Signature, Submission
from petitions.persons import open_person
from petitions.states import ImportState, PetitionState, SubmissionState
from tests.conftest import files_with
from tests.organisers.conftest import Office
from tests.organisers.imports.systems import SYSTEMS, make
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.own_pages import ask_for_link, letters, press

LAYOUTS = Path(__file__).parent / "layouts"
SELECTED = re.compile(r'<select[^>]* name="(\w+)"[^>]*>(?:(?!</select>).)*?<option selected value="([^"]*)"', re.S)
SELECTS = re.compile(r'<select[^>]* name="(\w+)"')
NUMBERS = re.compile(r'<strong class="big">([\d,]+)</strong>')
SMALL = b"""first_name,last_name,email,zip_code,country,can2_user_tags,can2_subscription_status
Zenobia,Sentinel,zenobia@example.org,12345,IE,a,subscribed
Ben,Example,ben@example.org,,DE,a,unsubscribed
,,nobody@example.org,,DE,a,subscribed
Carl,Example,ben@example.org,,DE,a,subscribed
"""


class Import:
    """One file on its way, through the door."""

    def __init__(self, office: Office, campaign: Campaign) -> None:
        self.office, self.campaign, self.app = office, campaign, campaign.app
        self.path = f"/office/petitions/{campaign.id}/imports"

    def choose(self, raw: bytes, **fields: Any) -> TestResponse:
        given = {
            "csrf_token": self.office.token(),
            "country_default": "",
            "label": "",
            "file": (io.BytesIO(raw), "x.csv"),
        }
        sent = {**given, **fields}
        return self.office.client.post(f"{self.path}/new", data=sent, content_type="multipart/form-data")

    def chosen(self, raw: bytes, **fields: Any) -> str:
        """Chooses a file that holds; the path of its page."""
        answer = self.choose(raw, **fields)
        assert answer.status_code == 303, unescape(answer.text)
        return str(answer.headers["Location"])

    def taken(self, raw: bytes, **fields: Any) -> str:
        """Takes a whole file in."""
        page = self.chosen(raw, **fields)
        self.campaign.work()
        self.office.saved(f"{page}/start")
        self.campaign.work()
        return page

    def columns(self, page: str, **fields: Any) -> str:
        text = self.office.get(page)
        return self.office.saved(
            f"{page}/columns", **dict.fromkeys(SELECTS.findall(text), "") | dict(SELECTED.findall(text)) | fields
        )

    def numbers(self, page: str) -> list[int]:
        """Come in, stay out, without an address, without a yes to news."""
        return [int(number.replace(",", "")) for number in NUMBERS.findall(self.office.get(page))]

    def refused(self, page: str) -> dict[int, str]:
        """Line → reason, as the file for download tells it."""
        rows = list(csv.reader(io.StringIO(self.office.get(f"{page}/refused.csv").removeprefix("\ufeff"))))
        return {int(line): reason for line, reason, _sentence in rows[1:]}

    def rows(self, *states: SubmissionState) -> list[Submission]:
        with self.app.app_context():
            mine = select(Submission).where(Submission.import_id.is_not(None))
            return list(
                db.session.scalars(mine.where(Submission.state.in_(states or SubmissionState)).order_by(Submission.id))
            )

    def people(self) -> list[dict[str, Any]]:
        with self.app.app_context():
            petition = db.session.get_one(Petition, self.campaign.id)
            return [open_person(petition, row) for row in self.rows() if row.blob]

    def counted(self) -> tuple[int, dict[str, int]]:
        """The confirmed number, and the imported ones, folded."""
        self.campaign.work()
        with self.app.app_context():
            assert tallies.drift() == {}
            return tallies.total(self.campaign.id), tallies.imported(self.campaign.id)


@pytest.fixture
def taking(office: Office, app: Flask) -> Import:
    return Import(office, make_campaign(app))


@pytest.mark.parametrize("system", SYSTEMS)
def test_of_a_large_file_each_broken_line_is_reported_by_its_number_and_the_rest_comes_in(
    taking: Import, system: str
) -> None:
    on_sqlite = taking.app.config["UNDERSIGNED"].database_url.startswith("sqlite")
    made = make(system, 10_000 if on_sqlite else 2_000)
    page = taking.taken(made.raw)
    assert taking.refused(page) == made.broken
    assert taking.numbers(page)[:2] == [made.good, len(made.broken)]
    assert taking.counted() == (0, {system: made.good})


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_layout_of_each_system_is_recognised_by_its_header(taking: Import, system: str) -> None:
    page = taking.taken((LAYOUTS / f"{system}.csv").read_bytes())
    people = taking.people()
    assert len(people) == 19 and {person["city"] for person in people} == {"Town"}
    assert all(" " in person["name"] and person["postal_code"] for person in people)
    assert {bool(person["email"]) for person in people} == {system != "change_org"}
    assert {row.source for row in taking.rows()} == {system} == set(taking.counted()[1])
    assert len(taking.refused(page)) == 1


def test_what_would_come_in_is_shown_masked_before_anything_does(taking: Import) -> None:
    page = taking.chosen(SMALL)
    first = taking.office.get(page)
    assert (
        "Z…" in first
        and "Zenobia" not in first
        and "zenobia@" not in first
        and "12345" not in first
        and "1…" not in first
    )
    taking.campaign.work()
    assert taking.numbers(page) == [2, 2, 0, 1] and taking.refused(page) == {4: "no_name", 5: "repeated"}
    assert taking.rows() == [] and taking.counted() == (0, {})
    assert "There is no name on this line. Write it." in taking.office.get(page)


def test_the_file_is_sealed_while_it_waits_and_deleted_when_it_is_done(taking: Import) -> None:
    page = taking.chosen(SMALL)
    assert files_with("Sentinel", taking.app.config["UNDERSIGNED"].data) == []
    with taking.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ImportPart)) == 2
    taking.campaign.work()
    taking.office.saved(f"{page}/start")
    taking.campaign.work()
    with taking.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ImportPart)) == 0
    assert files_with("Sentinel", taking.app.config["UNDERSIGNED"].data) == []


def test_a_file_that_nobody_says_yes_to_is_deleted_after_a_week(taking: Import) -> None:
    page = taking.chosen(SMALL)
    with taking.app.app_context():
        assert not imports.drop_left()
        found = db.session.scalars(select(SignatureImport)).one()
        found.created_at -= imports.DECIDED_WITHIN
        db.session.commit()
        assert imports.drop_left()
        assert db.session.scalar(select(func.count()).select_from(ImportPart)) == 0
    assert "Stopped" in taking.office.get(page)


def test_who_was_taken_over_is_named_apart_and_never_as_confirmed(taking: Import) -> None:
    campaign = taking.campaign
    campaign.signed("ada@example.org")
    taking.taken(SMALL)
    assert taking.counted() == (1, {"action_network": 2})
    public = campaign.client.get(f"/petitions/{campaign.slug}").text
    assert "1 confirmed here, and 2 taken over from Action Network, not confirmed by us." in public
    told = campaign.client.get(f"/petitions/{campaign.slug}.json").json
    assert told and (told["signatures"], told["imported"], told["imported_from"]) == (1, 2, {"action_network": 2})
    assert "taken over from Action Network" in campaign.client.get(f"/petitions/{campaign.slug}/signatories").text
    with taking.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        assert [line.name for line in list_services.signatures_for(petition)] == ["Ada Example"]
        assert db.session.scalar(select(func.count()).select_from(Signature)) == 1
    assert campaign.mails("zenobia@example.org") == []


def test_without_imports_the_page_and_its_json_say_nothing_of_them(taking: Import) -> None:
    campaign = taking.campaign
    told = campaign.client.get(f"/petitions/{campaign.slug}.json").json
    assert told and told["imported"] == 0 and told["imported_from"] == {}
    assert "taken over" not in campaign.client.get(f"/petitions/{campaign.slug}").text


def test_known_addresses_stay_out_however_they_are_spelt(taking: Import) -> None:
    campaign = taking.campaign
    campaign.signed("ada.example@gmail.com")
    campaign.press(campaign.signed("carla@example.org").links["disown"])
    taking.taken(b"name,email,country\nBen Example,ben@gmail.com,DE\n")
    page = taking.taken(
        b"name,email,country\nAda,adaexample+x@gmail.com,IE\nCarla,Carla@example.org,IE\nBen,b.e.n@gmail.com,DE\nDan,dan@example.org,DE\n"
    )
    assert taking.refused(page) == {2: "signed", 3: "disowned", 4: "imported"}
    assert taking.counted() == (1, {"other": 2})


def test_of_people_without_an_address_the_same_name_and_place_comes_in_once(taking: Import) -> None:
    raw = (
        b"Name,City,State,Postal Code,Country,Signed On\nAda Example,Cork,,T12,Ireland,4/18/2021\n"
        b"Example Ada,cork,,t 12,IE,4/19/2021\nAda Example,Bonn,,53,Germany,4/19/2021\n"
    )
    page = taking.taken(raw)
    assert taking.refused(page) == {3: "repeated"}
    again = taking.taken(raw)
    assert set(taking.refused(again).values()) == {"imported"} and taking.counted()[1] == {"change_org": 2}


def test_who_confirms_here_leaves_the_imported_number(taking: Import) -> None:
    taking.taken(SMALL)
    campaign = taking.campaign
    campaign.sign("Zenobia@example.org")
    assert taking.counted() == (0, {"action_network": 2})
    campaign.press(campaign.mails("Zenobia@example.org")[-1].links["confirm"])  # not told that she has signed already
    assert taking.counted() == (1, {"action_network": 1})
    assert [row.blob for row in taking.rows(SubmissionState.SUPERSEDED)] == [None]


def test_a_link_to_an_own_page_can_be_asked_for_and_leaving_counts_out(taking: Import) -> None:
    taking.taken(SMALL)
    campaign = taking.campaign
    ask_for_link(campaign, "zenobia@example.org")
    campaign.work()
    own = letters(campaign, "zenobia@example.org")[-1].own
    assert "You signed on another site" in campaign.client.get(own).text
    assert press(campaign, own, "erase").status_code == 303
    assert taking.counted() == (0, {"action_network": 1})
    gone = taking.rows()[0]
    assert (gone.blob, gone.email_index, gone.country) == (None, None, "")


def test_columns_can_be_understood_otherwise_and_dates_by_their_order_and_zone(taking: Import) -> None:
    page = taking.chosen(b"Wer;Wann;Wo\nAda Example;03/04/2021 23:30;DE\n")
    taking.campaign.work()
    assert taking.refused(page) == {2: "no_name"}
    taking.columns(page, name="0", signed_on="1", country="2", zone="America/New_York", order="dmy")
    taking.campaign.work()
    assert taking.numbers(page)[0] == 1
    taking.office.saved(f"{page}/start")
    taking.campaign.work()
    assert taking.rows()[0].received_at.isoformat() == "2021-04-04T03:00:00+00:00"


def test_a_form_without_a_name_is_told_so_and_changes_nothing(taking: Import) -> None:
    page = taking.chosen(SMALL)
    answer = taking.office.post(f"{page}/columns", origin="other", zone="UTC", order="dmy", email="2")
    assert answer.status_code == 422 and "Choose the column in which the name stands." in answer.text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("Name,Country\nAda Exämple,DE\n".encode("windows-1252"), "Windows-1252, a guess"),
        ("Name;Country\nAda Exämple;DE\n".encode("utf-16"), "UTF-16, cells between semicolons"),
        ("Name\tCountry\nAda Exämple\tDE\n".encode("utf-8-sig"), "UTF-8, cells between tabs"),
    ],
)
def test_letters_and_separators_are_found_out_and_shown(taking: Import, raw: bytes, said: str) -> None:
    page = taking.taken(raw)
    assert said in taking.office.get(page) and [person["name"] for person in taking.people()] == ["Ada Exämple"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "The file is empty."), (b"Name,Country\n", "no line below the names"),
        (b"PK\x03\x04\0\x81\x8d" * 30, "The letters of this file cannot be read."),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_sentence(taking: Import, raw: bytes, said: str) -> None:
    answer = taking.choose(raw)
    assert answer.status_code == 422 and said in unescape(answer.text)


def test_only_this_form_takes_a_large_body(taking: Import) -> None:
    rows = [f"Ada Example,{'x' * 1000},DE" for _ in range(4_000)]
    page = taking.chosen("\n".join(["Name,Else,Country", *rows]).encode())
    assert taking.office.post(f"{page}/columns", name="0" * 5_000_000).status_code == 413
    assert taking.choose(b"x" * (files.LARGEST + 2**20)).status_code == 413


def test_a_cell_that_looks_like_a_formula_is_text(taking: Import) -> None:
    taking.taken(b"Name,Country,Comment\nAda Example,DE,=1+1\n")
    assert [person["comment"] for person in taking.people()] == ["=1+1"]


def test_it_goes_on_where_it_was_left_and_can_be_stopped_and_taken_back(taking: Import) -> None:
    made = make("civicrm", 1_200)
    page = taking.chosen(made.raw)
    taking.campaign.work()
    taking.office.saved(f"{page}/start")
    with taking.app.app_context():
        found = db.session.scalars(select(SignatureImport)).one()
        petition = db.session.get_one(Petition, found.petition_id)
        working._take_part(petition, found, working.Known.of(petition))  # and then the worker is killed
        db.session.remove()
    assert "33 percent done" in taking.office.get(page)
    first = len(taking.rows())
    taking.campaign.work()
    assert 0 < first < len(taking.rows()) == made.good and taking.refused(page) == made.broken
    taking.office.saved(f"{page}/take-back")
    taking.campaign.work()
    assert taking.counted() == (0, {}) and taking.people() == [] and "Taken back" in taking.office.get(page)


def test_a_stopped_import_keeps_what_came_in_until_it_is_taken_back(taking: Import) -> None:
    page = taking.chosen(make("civicrm", 1_200).raw)
    taking.campaign.work()
    taking.office.saved(f"{page}/start")
    with taking.app.app_context():
        found = db.session.scalars(select(SignatureImport)).one()
        petition = db.session.get_one(Petition, found.petition_id)
        working._take_part(petition, found, working.Known.of(petition))
        db.session.remove()
    taking.office.saved(f"{page}/cancel")
    taking.campaign.work()
    standing = len(taking.rows(SubmissionState.IMPORTED))
    assert standing == 475 and taking.counted()[1] == {"civicrm": 475}
    with taking.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ImportPart)) == 0
    taking.office.saved(f"{page}/take-back")
    assert taking.counted()[1] == {}


def test_taking_back_leaves_whoever_has_confirmed_since(taking: Import) -> None:
    page = taking.taken(SMALL)
    taking.campaign.signed("ben@example.org")
    taking.office.saved(f"{page}/take-back")
    assert taking.counted() == (1, {})


def test_two_files_are_not_taken_in_at_once(taking: Import) -> None:
    first, second = taking.chosen(SMALL), taking.chosen(b"name,country\nDan Example,DE\n")
    taking.campaign.work()
    taking.office.saved(f"{first}/start")
    answer = taking.office.post(f"{second}/start")
    assert answer.status_code == 409 and "Another file is being taken in just now." in answer.text
    taking.campaign.work()
    taking.office.saved(f"{second}/start")


def test_pressing_start_twice_takes_a_file_in_once(taking: Import) -> None:
    page = taking.taken(SMALL)
    assert "It has gone on meanwhile" in taking.office.get(taking.office.saved(f"{page}/start"))
    assert taking.counted()[1] == {"action_network": 2}


def test_one_person_can_be_taken_out_by_the_line(taking: Import) -> None:
    page = taking.taken(SMALL)
    assert "Whoever stood on this line is out" in taking.office.get(
        taking.office.saved(f"{page}/remove-line", line="2")
    )
    assert taking.counted()[1] == {"action_network": 1} and [p["name"] for p in taking.people()] == ["Ben Example"]
    assert "Nobody came in by this line" in taking.office.get(taking.office.saved(f"{page}/remove-line", line="2"))
    assert taking.office.post(f"{page}/remove-line", line="x").status_code == 422


def test_each_act_stands_in_the_audit_chain_without_a_name(taking: Import) -> None:
    page = taking.taken(SMALL)
    taking.office.saved(f"{page}/take-back")
    taking.campaign.work()
    acts = [act for act, _subject in taking.office.acts() if act.startswith("import.")]
    assert acts == ["import.made", "import.started", "import.done", "import.taken_back", "import.undone"]
    assert "Sentinel" not in taking.office.get("/office/audit")


def test_an_import_belongs_to_its_petition(taking: Import) -> None:
    page = taking.chosen(SMALL)
    other = make_campaign(taking.app, slug="another")
    assert taking.office.client.get(page.replace(f"/{taking.campaign.id}/", f"/{other.id}/")).status_code == 404


def test_a_petition_that_was_handed_over_takes_none(taking: Import) -> None:
    page = taking.chosen(SMALL)
    taking.campaign.work()
    with taking.app.app_context():
        db.session.execute(update(Petition).values(state=PetitionState.DELIVERED))
        db.session.commit()
    assert taking.office.post(f"{page}/start").status_code == 409 and taking.choose(SMALL).status_code == 409
    assert taking.rows() == []


def test_erasing_the_petition_stops_and_empties_all_of_it(taking: Import) -> None:
    page = taking.taken(SMALL)
    waiting = taking.chosen(b"name,country\nDan Example,DE\n")
    with taking.app.app_context():
        petition = db.session.get_one(Petition, taking.campaign.id)
        erasure.erase(petition, petition.slug, actor="olga@example.org")
        db.session.commit()
    taking.campaign.work()
    with taking.app.app_context():
        key_rotation.tend(clock.now())
        assert db.session.scalar(select(func.count()).select_from(ImportPart)) == 0
        assert {row.state for row in db.session.scalars(select(SignatureImport))} == {
            ImportState.DONE, ImportState.CANCELLED,
        }  # fmt: skip
    assert taking.people() == [] and taking.counted()[1] == {"action_network": 2}
    assert page != waiting


def test_the_worker_has_the_job(taking: Import) -> None:
    page = taking.chosen(SMALL)
    with taking.app.app_context():
        job = db.session.scalars(select(Job).where(Job.kind == imports.WORK)).one()
        assert job.args == {"import": int(page.rpartition("/")[2]), "petition": taking.campaign.id}


def test_who_is_invited_confirms_by_the_usual_link_and_chooses_who_sees_the_name(taking: Import) -> None:
    raw = SMALL + b"Dora,Example,dora@example.org,,DE,a,unsubscribed\n"
    page = taking.taken(raw)
    taking.office.saved(f"{page}/invite")
    taking.campaign.work()
    mail = taking.campaign.mails("zenobia@example.org")
    assert len(mail) == 1 and "On Action Network you signed" in mail[0].text
    assert taking.counted() == (0, {"action_network": 3})
    shown = taking.campaign.client.get(mail[0].links["confirm"]).text
    assert "You signed on another site." in shown and "Count me, but show my name to nobody." in shown
    taking.campaign.press(mail[0].links["confirm"], visibility="recipients")
    assert taking.counted() == (1, {"action_network": 2})
    taking.campaign.press(mail[0].links["confirm"], visibility="recipients")
    assert taking.counted() == (1, {"action_network": 2})
    with taking.app.app_context():
        signature = db.session.scalars(select(Signature)).one()
        petition = db.session.get_one(Petition, taking.campaign.id)
        assert (signature.method, signature.source, signature.visibility) == ("web", "action_network", "recipients")
        assert [line.name for line in list_services.signatures_for(petition)] == ["Zenobia Sentinel"]
    assert "It has gone on meanwhile" in taking.office.get(taking.office.saved(f"{page}/invite"))
    taking.campaign.work()
    assert len(taking.campaign.mails("ben@example.org")) == 1 == len(taking.campaign.mails("dora@example.org"))


def test_an_invited_person_can_withdraw_by_the_mail(taking: Import) -> None:
    page = taking.taken(SMALL)
    taking.office.saved(f"{page}/invite")
    taking.campaign.work()
    taking.campaign.press(taking.campaign.mails("zenobia@example.org")[0].links["withdraw"])
    assert taking.counted() == (0, {"action_network": 1})
    gone = taking.campaign.client.get(taking.campaign.mails("zenobia@example.org")[0].links["confirm"]).text
    assert "What was sent with this mail is deleted" in gone


def test_who_wanted_no_mail_gets_none(taking: Import) -> None:
    header = b"Contact ID,First Name,Last Name,Country,Email,Do Not Email\n"
    page = taking.taken(header + b"1,Ada,Example,DE,ada@example.org,1\n2,Ben,Example,DE,ben@example.org,\n")
    taking.office.saved(f"{page}/invite")
    taking.campaign.work()
    assert [mail.to for mail in taking.campaign.mails()] == ["ben@example.org"]


def test_nobody_is_invited_to_a_petition_that_takes_no_signature(taking: Import) -> None:
    page = taking.taken(SMALL)
    with taking.app.app_context():
        db.session.execute(update(Petition).values(state=PetitionState.PAUSED))
        db.session.commit()
    answer = taking.office.post(f"{page}/invite")
    assert answer.status_code == 409 and "open the petition first" in answer.text and taking.campaign.mails() == []


def test_the_nightly_recount_and_new_keys_keep_the_imported_number(taking: Import) -> None:
    taking.taken(SMALL)
    assert taking.counted()[1] == {"action_network": 2}
    assert taking.app.test_cli_runner().invoke(args=["keys", "rotate", "--all"]).exit_code == 0
    assert [person["name"] for person in taking.people()] == ["Zenobia Sentinel", "Ben Example"]
    with taking.app.app_context():
        db.session.execute(update(tallies.Tally).values(signatures=7))
        db.session.commit()
        tallies.recount()
        assert tallies.imported(taking.campaign.id) == {"action_network": 2}
        assert tallies.total(taking.campaign.id) == 0


def test_retention_empties_who_was_taken_over_and_keeps_the_number(taking: Import) -> None:
    taking.taken(SMALL)
    with taking.app.app_context():
        petition = db.session.get_one(Petition, taking.campaign.id)
        petition.state, petition.closes_at = PetitionState.CLOSED, clock.now() - deadlines.AFTER_CLOSING * 2
        db.session.commit()
        retention.run(clock.now())
    assert [(row.blob, row.email_index) for row in taking.rows()] == [(None, None)] * 2
    assert taking.counted()[1] == {"action_network": 2}
