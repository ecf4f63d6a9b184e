"""Dated rates: entered in the office, never changed, and one sum of all gifts only where every currency has one."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.db import db
from core.money import Money
from organisers.rates import services as rates
from organisers.rates.models import CurrencyRate
from tests.donations.conftest import World
from tests.donations.events import completed, send
from tests.organisers.conftest import Office

BANK = "European Central Bank"


def enter(office: Office, currency: str, rate: str, day: str = "2026-11-20", against: str = "EUR") -> None:
    fields = {"currency": currency, "against": against, "rate": rate, "rated_on": day, "source": BANK}
    assert office.saved("/office/rates", **fields) == "/office/rates"


def paid(office: Office, minor: int, currency: str) -> None:
    send(office.client, completed(World(office.app).gift(minor, currency)))


def about(office: Office, *sums: Money) -> str | None:
    with office.app.app_context():
        found = rates.about(sums)
        return found and found.sum.text("en")


def test_gifts_of_one_currency_are_told_as_they_are(office: Office) -> None:
    paid(office, 2500, "EUR")
    page = office.get("/office/")
    assert '<a href="/office/gifts">€25</a>' in page and "Together about" not in page


def test_currencies_are_summed_only_once_each_has_a_rate(office: Office) -> None:
    for minor, currency in ((2500, "EUR"), (10_834, "USD"), (16_532, "JPY")):
        paid(office, minor, currency)
    assert "Together about" not in office.get("/office/")
    assert "no sum yet: JPY, USD." in office.get("/office/rates")
    enter(office, "USD", "1.0834")
    assert "Together about" not in office.get("/office/"), "JPY has none"
    assert "no sum yet: JPY." in office.get("/office/rates")
    enter(office, "JPY", "165.32", "2026-11-18")
    for path in ("/office/", "/office/rates"):
        assert "Together about €225, at the rates of 18 November 2026 to 20 November 2026" in office.get(path)
    assert '<a href="/office/gifts">$108.34</a>' in office.get("/office/"), "each currency is still told"


def test_a_later_rate_holds_and_the_former_stays_in_the_book(office: Office) -> None:
    sums = Money(10_000, "EUR"), Money(10_000, "USD")
    enter(office, "USD", "2", "2026-11-10")
    assert about(office, *sums) == "€150"
    enter(office, "USD", "4", "2026-11-09")
    assert about(office, *sums) == "€150", "an older day changes nothing"
    enter(office, "USD", "1.25", "2026-11-10")
    assert about(office, *sums) == "€180", "the day's last one holds"
    with office.app.app_context():
        rows = db.session.scalars(select(CurrencyRate).order_by(CurrencyRate.id)).all()
        assert [str(row.rate.normalize()) for row in rows] == ["2", "4", "1.25"]
        assert {(row.entered_by, row.source) for row in rows} == {("olga@example.org", BANK)}
    assert office.acts() == [("currency_rate.entered", "USD")] * 3


def test_sums_are_told_in_the_currency_that_a_rate_was_last_entered_against(office: Office) -> None:
    enter(office, "USD", "1.25")
    sums = Money(10_000, "EUR"), Money(10_000, "USD")
    assert about(office, *sums) == "€180"
    enter(office, "EUR", "0.00178", against="KZT")
    assert about(office, *sums) is None, "no rate of USD against KZT"
    enter(office, "USD", "0.002", against="KZT")
    assert about(office, *sums) == "KZT\xa0106,180"


def test_a_rate_reads_back_as_it_was_typed(office: Office) -> None:
    for rate in ("1.0834", "165.32", "0.000000001", "99999999.123456789", "10", "1600"):
        enter(office, "USD", rate)
        page = office.get("/office/rates")
        assert f"Entered: 1 EUR is {rate} USD." in page
        assert f">{rate}</td>" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rate": ""}, "Write the rate in plain digits"), ({"rate": "0"}, "Write the rate in plain digits"),
        ({"rate": "1,0834"}, "with a point"), ({"rate": "-1"}, "with a point"), ({"rate": "1e3"}, "with a point"),
        ({"rate": "NaN"}, "with a point"), ({"rate": "٥"}, "with a point"), ({"rate": "1.0000000001"}, "with a point"),
        ({"rate": "999999999"}, "with a point"), ({"currency": "EUR"}, "Choose two different currencies"),
        ({"currency": "XTS"}, "Choose one from the list"), ({"against": "XTS"}, "Choose one from the list"),
        ({"rated_on": ""}, "Write the day"), ({"rated_on": "tomorrow"}, "year-month-day"),
        ({"rated_on": str(clock.now().date() + timedelta(days=1))}, "still to come"), ({"source": " "}, "Say who published"),
    ],
)  # fmt: skip
def test_what_is_no_rate_is_refused_in_a_sentence(office: Office, changes: dict[str, str], sentence: str) -> None:
    fields = {"currency": "USD", "against": "EUR", "rate": "1.1", "rated_on": "2026-11-20", "source": BANK}
    answer = office.post("/office/rates", **{**fields, **changes})
    assert answer.status_code == 422
    assert sentence in answer.text
    with office.app.app_context():
        assert db.session.scalars(select(CurrencyRate)).all() == []


def test_the_dashboard_counts_paid_gifts_by_source(office: Office) -> None:
    world = World(office.app)
    assert "Where donors came from" not in office.get("/office/")
    gifts = [world.gift() for _ in range(4)]
    for donation, source in zip(world.donations(), ("qr-poster", "newsletter", "qr-poster", None), strict=True):
        with office.app.app_context():
            db.session.merge(donation).source = source
            db.session.commit()
    for gift in (*gifts[:3], gifts[0]):
        send(office.client, completed(gift))
    page = " ".join(office.get("/office/").split())
    assert '<th scope="row">qr-poster</th><td class="num">2</td>' in page
    assert page.index("qr-poster") < page.index("newsletter")
