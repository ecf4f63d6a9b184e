"""The log as others see it: fetched whole or in part, its checkpoints in the feed, and what a signatory is told."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from xml.etree import ElementTree

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from cases.models import Case
from core import clock
from core.db import db
from deliveries.log import services
from deliveries.log.models import LoggedLine, LogWaiting
from deliveries.models import Delivery
from petitions import services as petitions
from petitions.models import Petition
from petitions.states import PetitionState
from tests.deliveries.factory import make_delivery
from tests.deliveries.sealed_signatures import add_signature, check_checkpoints, log_of
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.own_pages import own_page, press

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


@pytest.fixture
def petition(app: Flask, campaign: Campaign) -> Iterator[Petition]:
    """With five lines in its log, and checkpoints over two and five."""
    with app.app_context():
        found = db.session.get_one(Petition, campaign.id)
        for many in (2, 3):
            grow(found, many)
        yield found


def grow(petition: Petition, many: int) -> None:
    for _ in range(many):
        add_signature(petition)
    db.session.commit()
    services.append(petition)
    services.checkpoint(petition)
    db.session.commit()


@pytest.fixture
def where(petition: Petition) -> str:
    return f"/petitions/{petition.slug}"


def hide(petition: Petition, how: str) -> None:
    if how == "frozen":
        db.session.execute(update(Case).values(frozen_at=clock.now()))
    else:
        petition.state = PetitionState.DRAFT
    db.session.commit()
    petitions.forget()


def test_anybody_fetches_the_whole_log(client: FlaskClient, petition: Petition, where: str) -> None:
    answer = client.get(f"{where}/log")
    assert answer.data == b"".join(log_of(petition)) and len(answer.data) == 160
    assert answer.headers["Content-Type"] == "application/octet-stream" and answer.headers["Content-Length"] == "160"
    assert "public" in answer.headers["Cache-Control"] and "Set-Cookie" not in answer.headers
    assert client.head(f"{where}/log").headers["Content-Length"] == "160"


def test_who_has_the_log_fetches_only_what_is_new(client: FlaskClient, petition: Petition, where: str) -> None:
    tag = client.get(f"{where}/log").headers["ETag"]
    same = client.get(f"{where}/log", headers={"If-None-Match": tag})
    assert same.status_code == 304 and same.data == b""
    grow(petition, 1)
    whole = b"".join(log_of(petition))
    assert client.get(f"{where}/log", headers={"If-None-Match": tag}).data == whole
    tail = client.get(f"{where}/log", headers={"Range": "bytes=160-"})
    assert tail.status_code == 206 and tail.data == whole[160:] and tail.headers["Content-Range"] == "bytes 160-191/192"
    assert client.get(f"{where}/log", headers={"Range": "bytes=192-"}).status_code == 416


def test_a_log_of_several_chunks_arrives_whole(client: FlaskClient, petition: Petition, where: str) -> None:
    leaves = b"".join(hashlib.sha256(bytes([number % 256, number // 256])).digest() for number in range(9000))
    services.chunks.add(petition.id, leaves)
    db.session.commit()
    assert client.get(f"{where}/log").data[160:] == leaves
    assert client.get(f"{where}/log", headers={"Range": f"bytes={8192 * 32}-"}).data == leaves[(8192 - 5) * 32 :]


def test_checkpoints_old_and_new_are_signed_notes(client: FlaskClient, petition: Petition, where: str) -> None:
    newest, older = client.get(f"{where}/log/checkpoint"), client.get(f"{where}/log/checkpoint?size=2")
    assert (
        newest.headers["Content-Type"] == "text/plain; charset=utf-8" and "s-maxage" in newest.headers["Cache-Control"]
    )
    assert [answer.text.splitlines()[1] for answer in (newest, older)] == ["5", "2"]
    assert newest.text == services.get_checkpoint(petition).note and "ETag" in newest.headers
    check_checkpoints(petition, log_of(petition))
    for wrong in ("3", "-2", "x", "", "9" * 30, "2%00"):
        assert client.get(f"{where}/log/checkpoint?size={wrong}").status_code == 404, wrong


def test_a_petition_that_nobody_signed_has_an_empty_log(app: Flask, client: FlaskClient, campaign: Campaign) -> None:
    assert client.get(f"/petitions/{campaign.slug}/log").data == b""
    assert client.get(f"/petitions/{campaign.slug}/log/checkpoint").status_code == 404
    assert client.get("/petitions/nowhere/log").status_code == 404


def test_a_delivery_leads_to_the_log_of_its_petition(app: Flask, client: FlaskClient, petition: Petition) -> None:
    public_id = make_delivery(app, petition.id)
    assert client.get(f"/deliveries/{public_id}/log").data == b"".join(log_of(petition))
    assert client.get("/deliveries/nothing/log").status_code == 404
    db.session.execute(update(Delivery).values(state="waiting"))
    db.session.commit()
    assert client.get(f"/deliveries/{public_id}/log").status_code == 404


@pytest.mark.parametrize("how", ["frozen", "draft"])
def test_what_the_public_may_not_see_has_no_log(
    app: Flask, client: FlaskClient, petition: Petition, where: str, how: str
) -> None:
    public_id, slug = make_delivery(app, petition.id), petition.slug
    hide(petition, how)
    wanted = 409 if how == "frozen" else 404
    for path in ("log", "log/checkpoint", "log/checkpoint?size=2", "updates.atom"):
        answer = client.get(f"{where}/{path}")
        assert answer.status_code == wanted and answer.mimetype == "text/html" and slug not in answer.text, path
    assert client.get(f"/deliveries/{public_id}/log").status_code == 404


def test_each_checkpoint_is_an_entry_of_the_feed(client: FlaskClient, petition: Petition, where: str) -> None:
    assert f'type="application/atom+xml" href="{where}/updates.atom"' in client.get(where).text
    answer = client.get(f"{where}/updates.atom")
    feed = ElementTree.fromstring(answer.data)
    assert answer.mimetype == "application/atom+xml" and feed.findtext(f"{ATOM}title") == petition.title
    entries = feed.findall(f"{ATOM}entry")
    notes = {entry.findtext(f"{ATOM}content") for entry in entries} - {None}
    assert notes == {services.get_checkpoint(petition, size).note for size in (2, 5)}
    moments = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    assert moments == sorted(moments, reverse=True) and feed.findtext(f"{ATOM}updated") == moments[0]
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(ids) == len(set(ids)) == 3  # the first version of the text, too


def test_the_own_page_says_only_that_it_is_included(app: Flask, campaign: Campaign) -> None:
    own = own_page(campaign)
    assert "will be included within a day" in campaign.client.get(own).text
    with time_machine.travel(clock.now() + timedelta(days=1), tick=True):
        campaign.work()
        page = campaign.client.get(own).text
    assert "Your signature is included." in page and "will be included" not in page
    with app.app_context():
        row = db.session.query(LoggedLine).one()
        for told in (row.add_leaf, row.episode, row.remove_leaf):
            assert told.hex() not in page
        db.session.add(LogWaiting(petition_id=campaign.id, leaves=b"\0" * 32))  # as a killed append leaves it
        db.session.commit()
    assert "will be included within a day" in campaign.client.get(own).text


def test_who_is_only_counted_is_told_of_no_log(campaign: Campaign) -> None:
    own = own_page(campaign)
    press(campaign, own, "visibility", visibility="counted")
    assert "Public log" not in campaign.client.get(own).text
