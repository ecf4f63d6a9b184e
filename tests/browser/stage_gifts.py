"""Gifts of the stage: paid, given back, contested, set aside, outside Stripe; a wall, patrons and their levels."""

from flask import Flask
from sqlalchemy import select

from cases.models import Case, CaseStatus
from core.db import db
from donations.models import Donation, Payment
from donations.wall.models import WallEntry
from tests.donations.conftest import World
from tests.donations.events import completed, dispute, refund, send
from tests.donations.own_pages import Visitor
from tests.donations.test_wall import gift_by, pay
from tests.factories import make_case
from tests.organisers.conftest import Office

LONG = "Bartholomäus-Maximilian von Hohenzollern-Sigmaringen-Wolfenbüttel"
MESSAGE = "Strength to everybody who stands before that court. We have not forgotten you, and we will not."


def gifts(app: Flask, office: Office) -> dict[str, str]:
    """Makes them; what the paths of their pages are filled with."""
    with app.app_context():
        slug = make_case(slug="wide-fund", fund_goal=500_000).slug
    thanks = "You keep one light burning, every night of the year."
    for title, least in (("Candle", "EUR 10"), ("Lighthouse keeper of the northern coast", "EUR 50\nUSD 55")):
        office.saved("/office/patrons/new", title=title, thanks=thanks, position="1", minimums=least)
    given = {"message": MESSAGE, "tribute": "memory", "tribute_name": LONG}
    monthly = gift_by(app, slug, name=LONG, frequency="monthly", amount="60", show_badge="y", **given)
    pay(app, monthly)
    for name in ("Ada Example", "Ben Example"):
        pay(app, gift_by(app, slug, name=name, **given))
    refund_path = _went_wrong(app, office, monthly.public_id, slug)
    with app.app_context():
        first = db.session.scalars(select(WallEntry.id).order_by(WallEntry.id)).first()
    office.saved(f"/office/wall/{first}/approve")
    offline = office.saved(
        "/office/offline-gifts/new", given_on="2026-11-20", amount="1250.50", currency="EUR", fund="", means="bank",
        reference="Statement 2026/11, page 12, line 7", name=LONG, show_name="yes", note="Brought by her sister",
    )  # fmt: skip
    World(app).work()
    asked = _asked(app)
    return {
        "own_gifts": Visitor(World(app)).own(),
        "asked": asked,
        "monthly": monthly.public_id,
        "refund": refund_path,
        "offline": offline,
        "fund": slug,
    }


def _asked(app: Flask) -> str:
    """A monthly gift whose case was won meanwhile; its number."""
    with app.app_context():
        case = make_case(slug="won-fund", title="Let the librarians of the old harbour town go")
        slug, case_id = case.slug, case.id
    gift = gift_by(app, slug, name=LONG, frequency="monthly", amount="15")
    pay(app, gift)
    with app.app_context():
        db.session.get_one(Case, case_id).status = CaseStatus.WON
        db.session.commit()
    World(app).work()
    return gift.public_id


def _went_wrong(app: Flask, office: Office, monthly: str, slug: str) -> str:
    """A part that went back, a dispute, an event on other terms; the path of the monthly gift's refund."""
    back, contested, other = (gift_by(app, slug, show_name="", name=f"{name} Quiet") for name in ("Ada", "Ben", "Cleo"))
    for body in (completed(back), completed(contested), completed(other, amount_total=1), refund(back, 500)):
        send(office.client, body)
    send(office.client, dispute(contested, "created", "needs_response", fee=1500))
    with app.app_context():
        mine = select(Payment.id).join(Payment.donation).where(Donation.public_id == monthly)
        return f"/office/gifts/{monthly}/payments/{db.session.scalars(mine).one()}/refund"
