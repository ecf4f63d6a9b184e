"""Invitations in the office: entered one by one or as lines, each error told, everything typed kept, every act audited."""

import json
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from core.audit import AuditEntry
from core.db import db
from petitions.models import Petition
from petitions.states import InvitationState
from tests.factories import make_case
from tests.organisers.conftest import Office
from tests.organisers.test_petitions import PETITION, RECIPIENT, only
from tests.petitions.conftest import make_campaign
from tests.petitions.test_invitations import PEOPLE, PERSON, Letter


@pytest.fixture
def letter(app: Flask, office: Office) -> Letter:
    return Letter(app, make_campaign(app, invited_only=True), office)


def test_an_organiser_chooses_a_closed_letter_while_it_is_a_draft(app: Flask, office: Office) -> None:
    with app.app_context():
        new = f"/office/cases/{make_case().id}/petitions/new"
    recipient = office.saved(new, **PETITION, invited_only="y")
    office.saved(recipient, **RECIPIENT)
    edit = f"/office/petitions/{only(app).id}/edit"
    assert only(app).invited_only and "A closed letter" in office.get(edit)
    office.saved(f"/office/petitions/{only(app).id}/publish")
    assert "A closed letter" not in office.get(edit)
    fields = {key: value for key, value in PETITION.items() if key != "slug"}
    office.saved(edit, **fields)  # a box that is not sent would be an unticked one
    with app.app_context():
        assert db.session.scalars(select(Petition)).one().invited_only
    assert "Open to the invited" in office.get("/office/")


def test_lines_that_cannot_be_taken_are_told_one_by_one_and_kept(letter: Letter) -> None:
    lines = f"""{PEOPLE}
Only A Name
Dora Probe; Member; ; Atlantis; dora@assembly.example
Emil Probe; Member; ; DE; not-a-mailbox
; Member; ; DE; f@assembly.example
Finn Probe; ; ; DE; finn@assembly.example"""
    answer = letter.office.post(f"{letter.office_list}/many", lines=lines)
    page = unescape(answer.text)
    assert answer.status_code == 422 and "Dora Probe; Member; ; Atlantis; dora@assembly.example" in page
    for said in (
        "Line 4: write five parts", "Line 5: write the country as a code", "Line 6: Enter an email address",
        "Line 7: write the name first", "Line 8: write the role",
    ):  # fmt: skip
        assert said in page
    assert letter.rows() == []
    assert "Paste at least one line" in unescape(letter.office.post(f"{letter.office_list}/many", lines=" \n").text)
    many = "\n".join(f"P Probe; M; ; DE; p{number}@a.example" for number in range(501))
    assert "at most 500" in letter.office.post(f"{letter.office_list}/many", lines=many).text


def test_lines_from_a_spreadsheet_are_taken_and_the_order_is_theirs(letter: Letter) -> None:
    letter.invite(PEOPLE.replace("; ", "\t"))
    letter.office.ask_for_names(letter.campaign.id, "invitations")
    page = letter.office.get(letter.office_list)
    places = [page.index(name) for name in ("1. Zora Sentinelova", "2. Bert Muster", "3. Aoife Probe")]
    assert places == sorted(places) and "Senator, Free List, Austria" in page and "bert@senate.example" in page


def test_one_person_is_added_and_a_wrong_form_keeps_what_was_typed(letter: Letter) -> None:
    wrong = letter.office.post(f"{letter.office_list}/new", **PERSON, email="carla")
    assert wrong.status_code == 422 and 'value="carla"' in wrong.text and 'value="Carla Beispiel"' in wrong.text
    letter.office.saved(f"{letter.office_list}/new", **PERSON, email="carla@senate.example")
    assert letter.states() == [InvitationState.INVITED]
    again = letter.office.post(f"{letter.office_list}/new", **PERSON, email="carla+1@senate.example")
    assert again.status_code == 422 and "has an invitation to this letter" in again.text


def test_acts_stand_in_the_audit_chain_without_a_name(letter: Letter) -> None:
    letter.invite()
    for number, step in ((1, "remind"), (2, "take_back")):
        assert letter.act(number, step) == 303
    letter.office.saved(f"{letter.office_list}/{letter.rows()[0].id}/move", place="2")
    letter.office.saved(f"{letter.office_list}/all/remind")
    acts = [act for act, _ in letter.office.acts() if act.startswith("invitation")]
    assert acts == [
        "invitations.added", "invitation.reminded", "invitation.taken_back", "invitation.moved", "invitations.reminded",
    ]  # fmt: skip
    with letter.app.app_context():
        details = json.dumps([entry.detail for entry in db.session.scalars(select(AuditEntry))])
    assert not any(word in details for word in ("Zora", "Bert", "Aoife", "example"))


def test_an_invitation_of_another_petition_is_nobodys(app: Flask, letter: Letter) -> None:
    letter.invite()
    other = make_campaign(app)
    row = letter.rows()[0].id
    assert letter.office.post(f"/office/petitions/{other.id}/invitations/{row}/take_back").status_code == 404
    assert letter.office.post(f"/office/petitions/{other.id}/invitations/{row}/move", place="1").status_code == 404


def test_what_was_taken_back_does_nothing_any_more(letter: Letter) -> None:
    letter.invite()
    link = letter.link("bert@senate.example")
    assert [letter.act(1, "take_back"), letter.act(1, "take_back"), letter.act(1, "remind")] == [303, 409, 409]
    assert "This invitation has ended" in letter.get(link)
    assert letter.campaign.press(f"{link}/sign").status_code == 303 and letter.campaign.count() == 0
