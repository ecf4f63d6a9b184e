"""The wall: who wished to be named after the money came, words once approved; nobody else, and nobody whose gift went back."""

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from cases.models import Case
from core import clock
from core.db import db
from core.spreadsheets.xlsx import write_xlsx
from core.tables import write_csv
from donations.checkout_services import open_donor
from donations.models import Donation
from donations.wall.models import WallEntry
from tests.donations.conftest import DONOR, Gift, World
from tests.donations.events import (
    completed,
    dispute,
    invoice_paid,
    invoice_payment_paid,
    refund,
    send,
    subscription,
)
from tests.donations.pages import fields
from tests.factories import make_case
from tests.organisers.conftest import Office, enter

NAME, MESSAGE = "Wanda Wall", "Strength to you all"
WORDS = "/office/moderation?kind=wall"


@pytest.fixture
def office(app: Flask) -> Office:
    return enter(app)


def gift_by(app: Flask, slug: str | None = None, **form: Any) -> Gift:
    """A gift of a donor who filled in the form, kept though no Stripe is there; its session as if it had opened."""
    client, address = app.test_client(), f"/donate/{slug}" if slug else "/donate"
    given = fields(client, address, **{"name": NAME, "show_name": "y", **form})
    assert client.post(address, data=given).status_code == 503, "there is no Stripe here"
    with app.app_context():
        donation = db.session.scalars(select(Donation).order_by(Donation.id.desc())).first()
        assert donation is not None
        donation.session_id = f"cs_test_{donation.public_id}"
        gift = Gift(
            donation.public_id, donation.session_id, donation.case_id, slug, donation.money.stripe_minor,
            donation.currency, str(donation.frequency),
        )  # fmt: skip
        db.session.commit()
        return gift


def pay(app: Flask, gift: Gift) -> None:
    """Paid, once or for the first month; and the worker has worked."""
    bodies = [completed(gift)]
    if gift.frequency != "once":
        bodies += [subscription(gift), invoice_paid(gift), invoice_payment_paid(gift)]
    for body in bodies:
        assert send(app.test_client(), body).status_code == 200
    World(app).work()


def wall(app: Flask, slug: str | None = None) -> str:
    answer = app.test_client().get(f"/donate/{slug}/wall" if slug else "/donate/wall", query_string={"before": 2**40})
    assert answer.status_code == 200
    return answer.text


def names(app: Flask) -> list[str | None]:
    with app.app_context():
        return list(db.session.scalars(select(WallEntry.name).order_by(WallEntry.id)))


def test_who_wished_it_stands_on_the_wall_of_their_fund_once_paid(app: Flask) -> None:
    with app.app_context():
        slug = make_case(slug="walled").slug
    gift = gift_by(app, slug)
    World(app).work()
    assert names(app) == []
    pay(app, gift)
    assert NAME in wall(app, slug) and NAME not in wall(app)
    page = app.test_client().get(f"/donate/{slug}?currency=EUR").text
    assert NAME in page and f'href="/donate/{slug}/wall"' in page
    assert "€25" not in wall(app, slug) and "2026" not in wall(app, slug)


def test_49_who_did_not_wish_it_is_named_nowhere(app: Flask, office: Office) -> None:
    with app.app_context():
        slug = make_case(slug="walled").slug
    pay(app, gift_by(app, slug, show_name="", message=MESSAGE, tribute="memory", tribute_name="Otto Old"))
    World(app).work()
    assert names(app) == []
    public = ("/donate/walled", "/donate/walled/wall", "/donate/wall", "/cases/walled", "/cases/walled.json",
              "/cases/walled/updates.atom", "/news/", "/")  # fmt: skip
    for path in public:
        page = app.test_client().get(path).text
        assert not [word for word in (NAME, MESSAGE, "Otto Old", DONOR) if word in page], path
    assert MESSAGE not in office.get(WORDS)


def test_50_a_name_that_is_a_formula_stays_text(app: Flask, tmp_path: Any) -> None:
    formula = '=HYPERLINK("evil")'
    pay(app, gift_by(app, name=formula))
    assert "=HYPERLINK(&#34;evil&#34;)" in wall(app)
    with app.app_context():
        donor = open_donor(db.session.scalars(select(Donation)).one())["name"]
    assert donor == formula
    assert b"\"'=HYPERLINK" in b"".join(write_csv(["Donor"], [[donor]]))
    import zipfile

    book = zipfile.ZipFile(io.BytesIO(b"".join(write_xlsx(["Donor"], [[donor]], folder=tmp_path))))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet


def test_words_are_shown_after_an_organiser_approved_them(app: Flask, office: Office) -> None:
    pay(app, gift_by(app, message=MESSAGE, tribute="memory", tribute_name="Otto Old"))
    assert NAME in wall(app) and MESSAGE not in wall(app) and "Otto Old" not in wall(app)
    with app.app_context():
        (entry,) = db.session.scalars(select(WallEntry))
        assert (entry.message, entry.tribute_name) == (None, None), "what nobody has approved stays sealed"
        path = f"/office/wall/{entry.id}/words"
    assert MESSAGE in office.get(WORDS)
    office.saved(f"{path}/approve", seen="held")
    assert MESSAGE in wall(app) and "In memory of Otto Old" in wall(app)
    office.saved(f"{path}/reject", seen="approved", reason="personal")
    assert NAME in wall(app) and MESSAGE not in wall(app)
    acts = [act for act, _ in office.acts() if act.startswith(("wall.", "moderation."))]
    assert acts == ["moderation.approve", "moderation.reject"], "each once"
    with app.app_context():
        assert db.session.scalars(select(WallEntry)).one().message is None


def test_in_a_blurred_case_no_donor_names_who_is_held(app: Flask, office: Office) -> None:
    with app.app_context():
        case = make_case(slug="walled")
        name, number = case.people[0].name, case.id
    pay(app, gift_by(app, "walled", message=f"For {name}, always", tribute="memory", tribute_name=name))
    with app.app_context():
        entry_id = db.session.scalars(select(WallEntry.id)).one()
    office.saved(f"/office/wall/{entry_id}/words/approve", seen="held")
    assert f"For {name}, always" in wall(app, "walled")
    with app.app_context():
        db.session.get_one(Case, number).blurred_at = clock.now()
        db.session.commit()
    for page in (wall(app, "walled"), app.test_client().get(f"/reports/wall/{entry_id}?fresh").text):
        assert name not in page and "always" in page


def lost(gift: Gift) -> list[dict[str, Any]]:
    return [dispute(gift, "created", "needs_response"), dispute(gift, "closed", "lost")]


def test_a_renewals_refund_and_dispute_are_found_through_its_invoice(app: Flask) -> None:
    client = app.test_client()
    gift, other = (gift_by(app, frequency="monthly", name=name) for name in (NAME, "Wim Wall"))
    pay(app, gift)
    pay(app, other)
    send(client, refund(gift, 1000))
    assert NAME in wall(app)
    send(client, refund(gift, gift.stripe_minor - 1000, "2"))
    send(client, dispute(other, "created", "needs_response", amount=100))
    assert NAME not in wall(app) and "Wim Wall" not in wall(app)
    send(client, invoice_paid(gift, 2))
    assert NAME in wall(app)


@pytest.mark.parametrize(
    ("bodies", "stays"),
    [
        (lambda gift: [refund(gift, 2500)], False), (lambda gift: [refund(gift, 500)], True), (lost, False),
        (lambda gift: [dispute(gift, "created", "needs_response", amount=100)], False),
        (lambda gift: [dispute(gift, "created", "needs_response"), dispute(gift, "closed", "won")], True),
        (lambda gift: [refund(gift, 2500), refund(gift, 2500, kind="failed", status="failed")], True),
    ],
)  # fmt: skip
def test_what_went_back_is_not_shown(app: Flask, bodies: Any, stays: bool) -> None:
    gift = gift_by(app, amount="25")
    pay(app, gift)
    for body in bodies(gift):
        send(app.test_client(), body)
    assert (NAME in wall(app)) == stays, "at once, before the worker works"
    World(app).work()
    assert (NAME in wall(app)) == stays and names(app) == [NAME if stays else None]


@pytest.mark.parametrize("changes", [{"blob": None}, {"show_name": False}])
def test_erasure_and_the_donors_wish_take_the_name_away(app: Flask, office: Office, changes: dict[str, Any]) -> None:
    pay(app, gift_by(app, message=MESSAGE))
    with app.app_context():
        entry_id = db.session.scalars(select(WallEntry.id)).one()
    office.saved(f"/office/wall/{entry_id}/words/approve", seen="held")
    with app.app_context():
        donation = db.session.scalars(select(Donation)).one()
        for column, value in changes.items():
            setattr(donation, column, value)
        db.session.commit()
    assert NAME not in wall(app) and MESSAGE not in office.get(WORDS)
    World(app).work()
    with app.app_context():
        (entry,) = db.session.scalars(select(WallEntry))
        assert (entry.name, entry.message) == (None, None)


def test_a_name_that_comes_back_keeps_its_judgement(app: Flask, office: Office) -> None:
    gift = gift_by(app, message=MESSAGE)
    pay(app, gift)
    with app.app_context():
        entry_id = db.session.scalars(select(WallEntry.id)).one()
    office.saved(f"/office/wall/{entry_id}/words/reject", seen="held", reason="spam")
    send(app.test_client(), dispute(gift, "created", "needs_response"))
    World(app).work()
    send(app.test_client(), dispute(gift, "closed", "won"))
    World(app).work()
    assert NAME in wall(app) and MESSAGE not in office.get(WORDS)


def test_the_newest_stand_first_page_by_page(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from donations.wall import views

    monkeypatch.setattr(views, "PAGE", 2)
    for name in ("Ada First", "Ben Second", "Cleo Third"):
        pay(app, gift_by(app, name=name))
    page = wall(app)
    assert page.index("Cleo Third") < page.index("Ben Second") and "Ada First" not in page
    with app.app_context():
        second = db.session.scalars(select(WallEntry.id).where(WallEntry.name == "Ben Second")).one()
    assert f"/donate/wall?before={second}" in page
    assert "Ada First" in app.test_client().get(f"/donate/wall?before={second}").text


def test_a_giver_outside_stripe_is_named_by_consent_until_it_is_taken_back(app: Flask, office: Office) -> None:
    given = {"given_on": "2026-11-20", "amount": "5", "currency": "EUR", "fund": "", "means": "cash", "note": ""}
    office.saved("/office/offline-gifts/new", **given, reference="1", name="Nora No", show_name="no")
    path = office.saved("/office/offline-gifts/new", **given, reference="2", name="Yara Yes", show_name="yes")
    World(app).work()
    assert "Yara Yes" in wall(app) and "Nora No" not in wall(app)
    office.saved(f"{path}/take-back", reason="Wrong")
    assert "Yara Yes" not in wall(app)
    World(app).work()
    assert names(app) == [None]


def test_a_wall_of_no_case_is_not_found(app: Flask) -> None:
    for path in ("/donate/nothing/wall", "/donate/NO/wall"):
        assert app.test_client().get(path).status_code == 404
    answer = app.test_client().get("/donate/wall")
    assert "Nobody has chosen" in answer.text and "s-maxage=1" in answer.headers["Cache-Control"]


def test_no_case_may_be_called_as_the_wall_is(office: Office) -> None:
    answer = office.post("/office/cases/new", slug="wall", title="Wall", country="KZ", status="draft")
    assert answer.status_code == 422 and "taken by a page" in answer.text


def test_the_general_fund_is_described_in_the_office(app: Flask, office: Office) -> None:
    office.saved("/office/general-fund", title="Solidarity fund", text="For *lawyers*.", goal="2000", currency="CHF")
    page = app.test_client().get("/donate?source=x").text
    assert "Solidarity fund" in page and "<em>lawyers</em>" in page and "Goal CHF" in page and 'max="200000"' in page
    assert 'value="2000"' in office.get("/office/general-fund")
    assert office.post("/office/general-fund", title="", text="", goal="-1", currency="CHF").status_code == 422
    assert office.acts() == [("general_fund.described", "general")]
