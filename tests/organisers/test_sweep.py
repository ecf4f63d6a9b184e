"""Whoever is to be named no more is named nowhere: every public route is walked, and every mail that is written afterwards.

Driven by the table of routes: one that is not reached here fails until somebody says how it is."""

import email
import email.policy
import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select
from werkzeug.test import TestResponse

from core import clock
from core.db import db
from donations.models import Payment
from donations.papers import services as papers
from petitions import services as petitions
from petitions.updates import services
from tests.organisers import named_world
from tests.organisers.conftest import Office
from tests.organisers.named_world import OLD, NamedWorld
from tests.organisers.test_case_safety import NAMED, in_json
from tests.organisers.test_initials import fields
from tests.petitions.crowd import crowd
from tests.petitions.own_pages import ask_for_link, press
from tests.routes import PUBLIC, ROUTES, TOKEN
from tests.updates.test_sending import held, open_again

INITIALS = {"slug_cases_1": "the-case", "slug_petitions_1": "the-petition", "slug_petitions_2": "the-thanks"}
ECHOING = ("pages.case_document", "petitions.document", "petitions.count")  # repeat the address that was asked for
QUIET = {  # these name nobody, whatever the case is called
    "static", "health.healthz", "health.readyz", "pages.privacy", "pages.image", "pages.report_sent", "pages.unsubscribe",
    "pages.allow_mails", "petitions.qr_code", "petitions.count", "petitions.confirm_code", "own_page.link_sent",
    "deliveries.answered",
    "donations.thanks", "donations.nothing_to_give_to", "moving.ask", "moving.answer", "donor_page.ask_for_link",
    "donor_page.send_link", "donor_page.told", "donor_page.ask", "donor_page.act", "donor_page.act_on_gift",
    "donor_page.change_card", "donor_page.send_paper", "donor_page.ask_to_prove", "donor_page.prove",
    "invitations.colleague", "invitations.propose",
    "deliveries.petition_log", "deliveries.petition_checkpoint", "deliveries.delivery_log",
    "deliveries.check_form", "deliveries.check", "deliveries.verifier",
}  # fmt: skip
ANYWHERE = {"Accept-Language": "de"}
NO_WORD = re.compile(r"Lawyers|Strength|waited for|is ill|Almaty|A\. Recipient")


@pytest.fixture
def world(app: Flask, office: Office) -> NamedWorld:
    return named_world.make(app, office)


def hide(world: NamedWorld, act: str) -> None:
    if act == "initials":
        path = "/office/cases/1/people/1/initials"
        world.office.saved(path, **{**fields(world.office, path), **INITIALS})
    else:
        world.office.saved(f"/office/cases/1/{act}")
    petitions.forget()


def asked(world: NamedWorld) -> Iterator[tuple[str, str, TestResponse]]:
    """Endpoint, path and answer of every route that anybody, or whoever was mailed a link, can reach."""
    ways = named_world.ways(world)
    for endpoint, (who, methods) in ROUTES.items():
        if who in (PUBLIC, TOKEN):
            assert endpoint in ways, f"say in named_world.ways where {endpoint} names somebody"
            for path in ways[endpoint]:
                method = "GET" if "GET" in methods else "POST"
                fresh = path + ("&" if "?" in path else "?") + "fresh"
                yield endpoint, path, world.app.test_client().open(fresh, method=method, headers=ANYWHERE)


def around(wanted: re.Pattern[str], text: str) -> list[str]:
    """Where a text says it."""
    return [text[max(0, found.start() - 60) : found.end() + 20] for found in wanted.finditer(text)][:3]


def said(answer: TestResponse) -> str:
    """All that an answer says, where it leads included."""
    if answer.mimetype == "application/pdf":
        reader = PdfReader(io.BytesIO(answer.data))
        text = "".join(page.extract_text() for page in reader.pages).replace("-\n", "-")  # an address that was broken
        return text + str(reader.metadata)
    if answer.mimetype in ("image/webp", "image/jpeg", "application/octet-stream"):
        return ""
    return in_json(answer.text) + str(list(answer.headers))


def test_without_more_every_kind_of_page_names_her(world: NamedWorld) -> None:
    """Else the sweep would find nothing whatever was done."""
    quiet = {endpoint for endpoint, _path, answer in asked(world) if not NAMED.search(said(answer))}
    assert quiet <= QUIET, quiet - QUIET


@pytest.mark.parametrize("act", ["initials", "blur", "freeze"])
def test_no_page_names_her(world: NamedWorld, act: str) -> None:
    hide(world, act)
    for endpoint, path, answer in asked(world):
        assert answer.status_code < 500, (endpoint, path)
        page = said(answer)
        if act == "blur" or endpoint in ECHOING:
            page = re.sub("|".join(OLD.values()), "", page)
        assert not around(NAMED, page), (endpoint, path)
        assert act != "freeze" or not around(NO_WORD, page), (endpoint, path)


@pytest.mark.parametrize("act", ["initials", "blur", "freeze"])
def test_no_mail_that_is_composed_afterwards_names_her(world: NamedWorld, act: str) -> None:
    promised = promise(world)
    before = world.mails()
    hide(world, act)
    if act != "freeze":
        world.campaign.slug = world.slugs["petition"]
        assert world.campaign.sign("new@example.org").status_code == 303
    if act == "blur":
        world.news.act(promised, "resume")
    wish(world)
    folder = world.app.config["UNDERSIGNED"].mail_folder
    written = [_read((folder / name).read_bytes()) for name in world.mails() if name not in before]
    for text in written:
        text = re.sub("|".join(OLD.values()), "", text) if act == "blur" else text
        assert not around(NAMED, text), text.partition("Message-ID")[0]
    to = {text.partition("\n")[0] for text in written}
    assert {"ada@example.org", "donor@example.org", "late@example.org"} <= to, "whoever wishes to leave gets a link"
    asking = {"waiting@example.org", "new@example.org", "olga@example.org"}
    assert asking <= to if act != "freeze" else not asking & to
    assert any("Z. T. is free" in text for text in written) == (act != "freeze")


def promise(world: NamedWorld) -> int:
    """Somebody signs, a hundred have signed, an update is on its way: all of it waits. The update."""
    held(world.news)
    update = world.news.draft(subject="News of Testova", body="Zarina Testova is free.")
    world.news.do(update, services.approve, actor="nadia@example.org")
    world.office.saved(f"/office/petitions/{world.campaign.id}/updates/{update}/send")
    world.campaign.sign("waiting@example.org")
    crowd(world.campaign, 100)
    world.campaign.work()
    return update


def wish(world: NamedWorld) -> None:
    """People ask for what they may always ask for, and two hours pass."""
    press(world.campaign, world.links["own"], "data")
    ask_for_link(world.campaign, "ada@example.org", petition=world.slugs["petition"])
    open_again(world.news)
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        with world.app.app_context():
            for payment in db.session.scalars(select(Payment).order_by(Payment.id)).all():
                papers.ask_receipt(payment)
            db.session.commit()
        world.campaign.work()


@pytest.mark.parametrize("act", ["initials", "blur"])
def test_words_that_are_approved_afterwards_do_not_name_her(world: NamedWorld, act: str) -> None:
    hide(world, act)
    world.office.saved(f"{world.wall.office(2)}/approve", seen="held")
    world.judge_words()
    for path, name in (
        (f"/donate/{world.slugs['case']}/wall", "Late Lisa"),
        (f"/cases/{world.slugs['case']}/comments", "Late Larry"),
    ):
        page = world.app.test_client().get(f"{path}?fresh").text
        assert name in page and not NAMED.search(re.sub("|".join(OLD.values()), "", page)), path


def _read(raw: bytes) -> str:
    """To whom a mail goes; its headers, texts and what is attached."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [message["To"], "\n", *(f"{name}: {value}\n" for name, value in message.items())]
    for part in message.walk():
        content = b"" if part.is_multipart() else part.get_payload(decode=True) or b""
        if part.get_content_type() == "application/pdf":
            parts += [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
        else:
            parts.append(content.decode())
    return "".join(map(str, parts))
