"""Gifts of the stage: paid, given back, contested, set aside, outside Stripe; a wall, patrons and their levels."""

from flask import Flask
from sqlalchemy import select, update

from cases.models import Case, CaseStatus
from core.db import db
from donations.models import Donation, Payment
from donations.tax.models import TaxReceipt
from donations.wall.models import WallEntry
from tests.donations.conftest import World, text_of
from tests.donations.endings import LINK, QUESTION
from tests.donations.events import completed, dispute, refund, send
from tests.donations.own_pages import Visitor
from tests.donations.pages import token
from tests.donations.tax import REGISTRATION
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
    office.saved(f"/office/wall/{first}/words/approve", seen="held")
    offline = office.saved(
        "/office/offline-gifts/new", given_on="2026-11-20", amount="1250.50", currency="EUR", fund="", means="bank",
        reference="Statement 2026/11, page 12, line 7", name=LONG, show_name="yes", note="Brought by her sister",
    )  # fmt: skip
    World(app).work()
    own = Visitor(World(app)).own()
    return {
        **_asked(app),
        "own_gifts": own,
        "tax_receipt": _certified(app, office, own),
        "monthly": monthly.public_id,
        "refund": refund_path,
        "offline": offline,
        "fund": slug,
    }


def _certified(app: Flask, office: Office, own: str) -> str:
    """A registration and a tax receipt under it; the path of the receipt's page."""
    office.saved("/office/tax/registrations/new", **{**REGISTRATION, "legal_name": f"{LONG} Foundation CLG"})
    home = {"name": LONG, "street": "1 Quay", "postal_code": "D02", "place": "Dublin", "country": "IE"}
    Visitor(World(app)).press(own, "postal", **home)
    World(app).work()
    with app.app_context():
        newest = db.session.scalars(select(TaxReceipt.public_id).order_by(TaxReceipt.id.desc())).first()
        return f"/office/tax/receipts/{newest}"


def _asked(app: Flask) -> dict[str, str]:
    """Two monthly gifts whose case is over: one donor has answered, the other reads a long list of funds."""
    title = "The teachers of the evening school and everybody who was charged with them in the second trial"
    with app.app_context():
        slugs = [make_case(slug=f"over-{number}", title=title, fund_title=LONG).slug for number in range(2)]
        make_case(slug="long-fund", title=title, fund_title=LONG)
    for slug in slugs:
        pay(app, gift_by(app, slug, name=LONG, frequency="monthly", amount="60"))
    with app.app_context():
        db.session.execute(update(Case).where(Case.slug.in_(slugs)).values(status=CaseStatus.WON))
        db.session.commit()
    mails = [mail for mail in World(app).mails() if mail["Subject"] == QUESTION]
    answered, open_ = (LINK.search(text_of(mail))[1] for mail in mails)  # type: ignore[index]
    client = app.test_client()
    given = {"choice": "fund:long-fund", "token": token(client, "/donate")}
    assert client.post(answered, data=given).status_code == 303
    return {"question": open_, "answered": answered}


def _went_wrong(app: Flask, office: Office, monthly: str, slug: str) -> str:
    """A part that went back, a dispute, an event on other terms; the path of the monthly gift's refund."""
    back, contested, other = (gift_by(app, slug, show_name="", name=f"{name} Quiet") for name in ("Ada", "Ben", "Cleo"))
    for body in (completed(back), completed(contested), completed(other, amount_total=1), refund(back, 500)):
        send(office.client, body)
    send(office.client, dispute(contested, "created", "needs_response", fee=1500))
    with app.app_context():
        mine = select(Payment.id).join(Payment.donation).where(Donation.public_id == monthly)
        return f"/office/gifts/{monthly}/payments/{db.session.scalars(mine).one()}/refund"
