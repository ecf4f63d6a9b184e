"""Closed letters through the door: only the invited sign, each with their own link, and nobody is shown before that."""

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from core import clock
from core.db import db, empty_log
from core.jobs import Job
from petitions import signature_services
from petitions.invitations.models import Invitation
from petitions.models import ConsentText, Petition, Signature
from petitions.states import ExitReason, InvitationState, SignatureState, Visibility
from tests.conftest import files_with
from tests.deliveries.exporting import exported
from tests.organisers.conftest import Office, enter
from tests.petitions.conftest import Campaign, make_campaign

S = InvitationState
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PAST_THE_CACHE = {"Cookie": "none=ours"}
LINK = re.compile(r"http://[\w.:]+(/invitations/[\w-]{43})(\?who=[\w-]+)")
PEOPLE = """Zora Sentinelova; Member of the Assembly; Green Group; SI; zora@assembly.example
Bert Muster; Senator; Free List; Austria; bert@senate.example
Aoife Probe; Deputy; Left Bloc; IE; aoife@dail.example"""


@dataclass
class Letter:
    """A closed letter of an app, its organiser, and what the invited do."""

    app: Flask
    campaign: Campaign
    office: Office

    @property
    def office_list(self) -> str:
        return f"/office/petitions/{self.campaign.id}/invitations"

    def invite(self, lines: str = PEOPLE) -> None:
        self.office.saved(f"{self.office_list}/many", lines=lines)
        self.campaign.work()

    def link(self, address: str) -> str:
        return self.links(address)[0]

    def links(self, address: str) -> tuple[str, str]:
        """The newest mail's link, without and with the words that say whom it is for."""
        found = LINK.search(self.campaign.mails(address)[-1].text)
        assert found, address
        return found[1], found[1] + found[2]

    def press(self, address: str, answer: str, **fields: Any) -> int:
        return self.campaign.press(f"{self.link(address)}/{answer}", **fields).status_code

    def sign(self, address: str) -> None:
        assert self.press(address, "sign") == 303
        self.campaign.work()

    def get(self, path: str) -> str:
        return unescape(self.app.test_client(use_cookies=False).get(path, headers=PAST_THE_CACHE).text)

    def public(self) -> str:
        """Whatever anybody may see of the letter."""
        page = f"/petitions/{self.campaign.slug}"
        paths = (page, f"{page}.json", f"{page}/count.json", f"{page}/signatories", "/", "/petitions/")
        return "\n".join(self.get(path) for path in paths)

    def rows(self) -> list[Invitation]:
        with self.app.app_context():
            return list(db.session.scalars(select(Invitation).order_by(Invitation.position, Invitation.id)))

    def states(self) -> list[InvitationState]:
        return [row.state for row in self.rows()]

    def approve(self, number: int, verdict: str = "approve", seen: str = "held", **fields: str) -> str:
        """Judges a claim in the moderation room; what the room then says."""
        path = f"{self.office_list}/{self.rows()[number].id}/claim/{verdict}"
        self.office.saved(path, seen=seen, **fields)
        return self.office.get("/office/moderation")

    def act(self, number: int, step: str, **fields: str) -> int:
        return self.office.post(f"{self.office_list}/{self.rows()[number].id}/{step}", **fields).status_code

    def seen(self) -> str:
        """What the office's page says of the words that it shows."""
        found = re.search(r'name="seen" value="(\w+)"', self.office.get(self.office_list))
        assert found
        return found[1]


@pytest.fixture
def letter(app: Flask) -> Letter:
    return Letter(app, make_campaign(app, invited_only=True), enter(app))


def test_the_page_has_no_form_and_says_who_signs_it(letter: Letter) -> None:
    page = letter.get(f"/petitions/{letter.campaign.slug}")
    assert "Only invited people sign this letter" in page and "<form" not in page
    assert "Nobody yet." in page and "Open to the invited" in page
    refused = letter.campaign.sign()
    assert refused.status_code == 409 and "Only invited people sign this letter" in refused.text
    assert letter.campaign.submissions() == []


def test_nothing_is_shown_before_each_has_signed_and_then_in_the_order_of_the_organisers(letter: Letter) -> None:
    letter.invite()
    assert len(letter.campaign.mails()) == 3 and letter.campaign.count() == 0
    assert not any(name in letter.public() for name in ("Zora", "Bert", "Aoife"))
    letter.sign("aoife@dail.example")
    shown = letter.public()
    assert "Aoife Probe" in shown and "Zora" not in shown and "Bert" not in shown
    assert letter.campaign.count() == 1
    letter.sign("zora@assembly.example")
    page = letter.get(f"/petitions/{letter.campaign.slug}")
    assert page.index("Zora Sentinelova") < page.index("Aoife Probe") and "Member of the Assembly, Green Group" in page
    assert "Bert" not in letter.public() and letter.campaign.count() == letter.campaign.valid() == 2


def test_the_link_says_for_whom_it_is_and_nobody_else_learns_it(letter: Letter) -> None:
    letter.invite()
    plain, full = letter.links("bert@senate.example")
    page = letter.campaign.client.get(full)
    assert page.headers["Cache-Control"] == "no-store" and "noindex" in page.text and "Set-Cookie" not in page.headers
    text = unescape(page.text)
    assert "Bert Muster" in text and "Senator, Free List, Austria" in text and "A. Recipient" in text
    assert "Release them." in text and "published on this site" in text and "before you yourself press" in text
    assert "Bert Muster" not in letter.get(plain)  # the public server cannot open what is sealed
    other = letter.links("zora@assembly.example")[1].partition("?")[2]
    assert "Zora" not in letter.get(f"{plain}?{other}")
    assert letter.campaign.client.get("/invitations/" + "a" * 43).status_code == 404


def test_a_signature_is_a_row_like_any_other_with_the_words_agreed_to(letter: Letter) -> None:
    letter.invite()
    letter.sign("bert@senate.example")
    with letter.app.app_context():
        signature = db.session.scalars(select(Signature)).one()
        agreed = db.session.get_one(ConsentText, signature.consent_digest)
        assert (signature.method, signature.visibility, signature.country) == ("web", Visibility.PUBLIC, "AT")
        assert (signature.public_name, signature.public_affiliation) == ("Bert Muster", "Senator, Free List")
        assert agreed.visibility == Visibility.PUBLIC and "published on this site" in agreed.text
    assert "how to undo it" in letter.campaign.mails("bert@senate.example")[-1].subject


def test_pressing_twice_and_many_at_once_make_one_signature(letter: Letter) -> None:
    letter.invite()
    link = letter.link("bert@senate.example")
    with ThreadPoolExecutor(8) as pool:
        pressed = list(pool.map(lambda _: letter.campaign.press(f"{link}/sign").status_code, range(24)))
    assert set(pressed) == {303}
    assert letter.campaign.count() == letter.campaign.valid() == 1
    assert len(letter.campaign.mails("bert@senate.example")) == 2


def test_signing_and_withdrawing_at_once_end_withdrawn(letter: Letter) -> None:
    letter.invite()
    link = letter.link("bert@senate.example")
    acts = ["sign", "withdraw"] * 12
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda act: letter.campaign.press(f"{link}/{act}").status_code, acts)) == {303}
    assert letter.campaign.count() == letter.campaign.valid() == 0
    assert "Bert" not in letter.public()


def test_the_same_link_withdraws_and_everything_goes_at_once(letter: Letter) -> None:
    letter.invite()
    letter.sign("bert@senate.example")
    assert "You have signed this letter" in letter.get(letter.link("bert@senate.example"))
    assert letter.press("bert@senate.example", "withdraw") == 303
    assert "Bert" not in letter.public()
    assert letter.campaign.count() == letter.campaign.valid() == 0
    gone = letter.rows()[1]
    assert (gone.state, gone.blob, gone.email_index, gone.public_name, gone.country) == (
        S.WITHDRAWN,
        None,
        None,
        None,
        "",
    )
    assert letter.press("bert@senate.example", "sign") == 303 and letter.campaign.count() == 0
    letter.campaign.work()
    journal = (letter.app.config["UNDERSIGNED"].keystore / "journal.log").read_text()
    assert f"withdrawn {gone.public_id}" in journal
    letter.invite("Bert Muster; Senator; ; AT; bert@senate.example")  # who withdrew may be asked anew
    letter.sign("bert@senate.example")
    assert letter.campaign.count() == 1


def test_who_declines_is_deleted_and_not_asked_again(letter: Letter) -> None:
    letter.invite()
    assert letter.press("bert@senate.example", "decline") == 303
    assert "You have declined" in letter.get(letter.link("bert@senate.example"))
    assert letter.press("bert@senate.example", "sign") == 303 and letter.campaign.count() == 0
    row = letter.rows()[1]
    assert (row.state, row.blob) == (S.DECLINED, None)
    page = unescape(letter.office.post(f"{letter.office_list}/new", **PERSON, email="bert+again@senate.example").text)
    assert "has declined it" in page
    assert "Bert" not in letter.office.get(letter.office_list) and "1 has declined." in letter.office.get(
        letter.office_list
    )


PERSON = {"name": "Carla Beispiel", "role": "Member", "affiliation": "A Group", "country": "DE"}


def test_a_repeated_invitation_of_a_mailbox_is_one_row(letter: Letter) -> None:
    letter.invite()
    letter.invite(PEOPLE.replace("bert@", "BERT+x@"))
    assert len(letter.rows()) == 3 and len(letter.campaign.mails()) == 3


def test_a_draft_mails_nobody_until_it_is_open_and_the_organiser_says_so(app: Flask, letter: Letter) -> None:
    letter.office.saved(f"/office/petitions/{letter.campaign.id}/pause")
    letter.invite()
    assert letter.campaign.mails() == [] and letter.states() == [S.PROPOSED] * 3
    assert letter.office.post(f"{letter.office_list}/all/invite").status_code == 409
    letter.office.saved(f"/office/petitions/{letter.campaign.id}/resume")
    letter.office.saved(f"{letter.office_list}/all/invite")
    letter.office.saved(f"{letter.office_list}/all/invite")
    letter.campaign.work()
    assert len(letter.campaign.mails()) == 3 and letter.states() == [S.INVITED] * 3


def test_a_proposed_colleague_gets_no_mail_before_an_organisers_yes_and_signs_alone(letter: Letter) -> None:
    letter.invite()
    link = letter.link("bert@senate.example")
    proposal = {**PERSON, "email": "carla@senate.example"}
    assert letter.campaign.press(f"{link}/colleague", **proposal).status_code == 303
    letter.campaign.work()
    assert letter.campaign.mails("carla@senate.example") == [] and "Carla" not in letter.public()
    assert letter.states()[-1] == S.PROPOSED and letter.rows()[-1].digest is None
    assert "Proposed by a colleague" in letter.office.get(letter.office_list)
    assert any("waits" in mail.text for mail in letter.campaign.mails("olga@example.org"))
    assert letter.press("bert@senate.example", "sign") == 303  # the proposer's link signs for the proposer only
    letter.campaign.work()
    assert letter.campaign.count() == 1 and "Carla" not in letter.public()
    assert letter.act(3, "invite") == 303
    letter.campaign.work()
    assert letter.link("carla@senate.example") != link and letter.campaign.count() == 1
    letter.sign("carla@senate.example")
    assert letter.campaign.count() == 2 and "Carla Beispiel" in letter.public()


def test_nobody_signs_twice_by_proposing_their_own_mailbox(letter: Letter) -> None:
    letter.invite()
    link = letter.link("bert@senate.example")
    for alias in ("bert@senate.example", "Bert+second@senate.example"):
        assert letter.campaign.press(f"{link}/colleague", **PERSON, email=alias).status_code == 303
    letter.campaign.work()
    assert len(letter.rows()) == 3


def test_a_proposal_keeps_what_was_typed_and_a_stale_form_proposes_nobody(letter: Letter) -> None:
    letter.invite()
    link = letter.link("bert@senate.example")
    answer = letter.campaign.press(f"{link}/colleague", **{**PERSON, "country": ""}, email="nobody")
    text = unescape(answer.text)
    assert answer.status_code == 422 and 'value="Carla Beispiel"' in text and 'value="nobody"' in text
    assert letter.campaign.press(f"{link}/colleague", **PERSON, email="c@x.example", token="").status_code == 422
    letter.campaign.work()
    assert len(letter.rows()) == 3


def test_after_the_deadline_nobody_signs_and_later_the_name_goes(letter: Letter) -> None:
    letter.invite()
    letter.sign("zora@assembly.example")
    link = letter.link("bert@senate.example")
    with time_machine.travel(clock.now() + timedelta(days=61), tick=True):
        late = letter.campaign.press(f"{link}/sign")
        assert late.status_code == 409 and "The time to answer ended" in unescape(late.text)
        letter.campaign.work()
        assert letter.states() == [S.CONFIRMED, S.INVITED, S.INVITED]
    with time_machine.travel(clock.now() + timedelta(days=82), tick=True):
        letter.campaign.work()
        assert letter.states() == [S.CONFIRMED, S.WITHDRAWN, S.WITHDRAWN]
        assert [row.blob is None for row in letter.rows()] == [False, True, True]
        assert "This invitation has ended" in letter.get(link)
    assert letter.campaign.count() == 1 and "Zora Sentinelova" in letter.public()


def test_the_petitions_closing_is_the_deadline_and_moves_with_it(app: Flask) -> None:
    closing = clock.now() + timedelta(days=10)
    letter = Letter(app, make_campaign(app, invited_only=True, closes_at=closing), enter(app))
    letter.invite()
    with time_machine.travel(closing + timedelta(minutes=1), tick=True):
        assert letter.press("bert@senate.example", "sign") == 409
        with app.app_context():
            db.session.execute(db.update(Invitation).values(expires_at=clock.now() - timedelta(hours=1)))
            petition = db.session.get_one(Petition, letter.campaign.id)
            petition.closes_at = clock.now() + timedelta(days=5)
            db.session.commit()
        letter.sign("bert@senate.example")
    assert letter.campaign.count() == 1


def test_one_reminder_three_days_before_and_none_to_who_has_answered(letter: Letter) -> None:
    letter.invite()
    letter.sign("zora@assembly.example")
    link = letter.link("bert@senate.example")
    assert letter.press("aoife@dail.example", "decline") == 303
    for days in (56, 58, 59):
        with time_machine.travel(clock.now() + timedelta(days=days), tick=True):
            letter.campaign.work()
            letter.campaign.work()
            reminders = [mail for mail in letter.campaign.mails() if "reminder" in mail.subject]
            assert [mail.to for mail in reminders] == ([] if days == 56 else ["bert@senate.example"])
    assert link in reminders[0].text


def test_the_organiser_reminds_once_and_mails_again_the_same_link(letter: Letter) -> None:
    letter.invite()
    link = letter.link("bert@senate.example")
    assert [letter.act(1, "remind"), letter.act(1, "remind"), letter.act(1, "resend")] == [303, 409, 409]
    letter.campaign.work()
    assert len(letter.campaign.mails("bert@senate.example")) == 2
    for hours in (2, 4, 6, 8):
        with time_machine.travel(clock.now() + timedelta(hours=hours), tick=True):
            letter.office.client = enter(letter.office.app).client  # hours later nobody is logged in any more
            letter.act(1, "resend")
            letter.campaign.work()
    assert len(letter.campaign.mails("bert@senate.example")) == 4  # three that ask, one reminder
    assert all(link in mail.text for mail in letter.campaign.mails("bert@senate.example"))


def test_a_mailbox_that_wants_no_mail_from_here_gets_none_and_the_office_sees_it(letter: Letter) -> None:
    letter.invite()
    unsubscribe = re.search(r"http://localhost(/unsubscribe/\S+)", letter.campaign.mails("bert@senate.example")[0].text)
    assert unsubscribe and letter.campaign.client.post(unsubscribe[1], data=ONE_CLICK).status_code == 200
    assert letter.act(1, "take_back") == 303
    letter.invite("Bert Muster; Senator; ; AT; bert@senate.example")
    assert len(letter.campaign.mails("bert@senate.example")) == 1
    assert "The mailbox takes no mail from here" in letter.office.get(letter.office_list)


def test_the_role_is_corrected_once_an_organiser_takes_it_over(letter: Letter) -> None:
    letter.invite()
    letter.sign("bert@senate.example")
    link = letter.link("bert@senate.example")
    assert letter.campaign.press(f"{link}/correction", role="", affiliation="").status_code == 422
    assert letter.campaign.press(f"{link}/correction", role="President", affiliation="Free List").status_code == 303
    letter.campaign.work()
    assert "President" not in letter.public()
    assert "Asks to be shown as: President, Free List" in letter.office.get(letter.office_list)
    seen = letter.seen()
    assert [letter.act(1, "correct", seen=seen), letter.act(1, "correct", seen=seen)] == [303, 409]
    letter.campaign.work()
    assert "President, Free List" in letter.public() and "Senator" not in letter.public()
    assert "President" in on_the_list(letter)[0]["Role"]


@pytest.mark.parametrize("step", ["correct", "keep"])
def test_no_role_is_settled_that_the_organiser_has_not_seen(letter: Letter, step: str) -> None:
    letter.invite()
    letter.sign("bert@senate.example")
    link = letter.link("bert@senate.example")

    def ask(role: str) -> None:
        assert letter.campaign.press(f"{link}/correction", role=role, affiliation="").status_code == 303
        letter.campaign.work()

    ask("Former Senator")
    seen = letter.seen()
    ask("President of the Republic")
    path = f"{letter.office_list}/{letter.rows()[1].id}/{step}"
    for stale in (seen, ""):
        answer = letter.office.post(path, seen=stale)
        page = unescape(answer.text)
        assert answer.status_code == 409 and "ask for other words by now" in page
        assert "Asks to be shown as: President of the Republic" in page
    letter.campaign.work()
    assert "President" not in letter.public() and "Senator, Free List" in letter.public()
    letter.office.saved(path, seen=letter.seen())
    letter.campaign.work()
    assert ("President of the Republic" in letter.public()) is (step == "correct")


def on_the_list(letter: Letter) -> list[dict[str, str]]:
    text = exported(letter.app, letter.campaign.slug, "csv").decode("utf-8-sig")
    return [row for row in csv.DictReader(io.StringIO(text)) if row["No."]]


def test_the_officials_list_has_them_in_order_with_their_role(letter: Letter) -> None:
    letter.invite()
    for address in ("aoife@dail.example", "bert@senate.example", "zora@assembly.example"):
        letter.sign(address)
    rows = on_the_list(letter)
    assert [row["Name"] for row in rows] == ["Zora Sentinelova", "Bert Muster", "Aoife Probe"]
    assert (rows[0]["Role"], rows[0]["Organisation"]) == ("Member of the Assembly", "Green Group")


def test_organisers_set_the_order_without_a_script(letter: Letter) -> None:
    letter.invite()
    for address in ("aoife@dail.example", "bert@senate.example", "zora@assembly.example"):
        letter.sign(address)
    aoife = letter.rows()[2].id
    letter.office.saved(f"{letter.office_list}/{aoife}/move", place="1")
    page = letter.get(f"/petitions/{letter.campaign.slug}")
    places = [page.index(name) for name in ("Aoife", "Zora", "Bert")]
    assert places == sorted(places)
    assert letter.office.post(f"{letter.office_list}/{aoife}/move", place="x").status_code == 422
    letter.office.saved(f"{letter.office_list}/{aoife}/move", place="99")
    assert letter.rows()[2].id == aoife and on_the_list(letter)[2]["Name"] == "Aoife Probe"


def test_a_stolen_database_names_nobody_who_has_not_confirmed(app: Flask, letter: Letter) -> None:
    letter.invite()
    letter.campaign.press(f"{letter.link('bert@senate.example')}/colleague", **PERSON, email="carla@senate.example")
    letter.campaign.work()
    letter.sign("bert@senate.example")
    with app.app_context():
        shown = sorted(db.session.scalars(select(Invitation.public_name).where(Invitation.public_name.is_not(None))))
        assert shown == ["Bert Muster"]
        assert db.session.scalar(select(func.count()).where(Job.args.cast(db.String).contains("entinel"))) == 0
        if db.engine.dialect.name == "sqlite":
            empty_log()
            database = Path(str(db.engine.url.database))
            assert files_with("Bert Muster", database) == [database.name]
            for name in (
                "Sentinelova", "Green Group", "zora@assembly", "Carla Beispiel", "carla@senate", "aoife@dail",
            ):  # fmt: skip
                assert files_with(name, database) == [], name


def test_who_disowns_elsewhere_is_taken_off_and_not_invited(letter: Letter) -> None:
    letter.invite()
    letter.sign("bert@senate.example")
    with letter.app.app_context():
        row = db.session.scalars(select(Invitation).where(Invitation.public_name == "Bert Muster")).one()
        signature_services.leave(row.petition_id, row.email_index, ExitReason.DISOWNED)
        db.session.commit()
    assert letter.rows()[1].state == S.WITHDRAWN and "Bert" not in letter.public() and letter.campaign.count() == 0
    letter.invite("Bert Muster; Senator; ; AT; bert@senate.example")
    assert len(letter.campaign.mails("bert@senate.example")) == 2  # the invitation and the confirmation of before


def test_an_invalidated_signature_is_shown_no_more_and_comes_back(letter: Letter) -> None:
    letter.invite()
    letter.sign("bert@senate.example")
    for state, seen in ((SignatureState.INVALIDATED, False), (SignatureState.VALID, True)):
        with letter.app.app_context():
            db.session.execute(db.update(Signature).values(state=state, public_name=None))
            db.session.commit()
        assert ("Bert Muster" in letter.get(f"/petitions/{letter.campaign.slug}")) is seen


def test_a_stale_or_foreign_form_answers_nothing(letter: Letter) -> None:
    letter.invite()
    link = letter.link("bert@senate.example")
    assert letter.campaign.client.post(f"{link}/sign", data={"token": "1.x"}).status_code == 422
    headers = {"Sec-Fetch-Site": "cross-site"}
    data = {"token": letter.campaign.token()}
    assert letter.campaign.client.post(f"{link}/sign", data=data, headers=headers).status_code == 403
    assert letter.campaign.client.get(f"{link}/sign").status_code == 405
    assert letter.campaign.count() == 0 and letter.states() == [S.INVITED] * 3
