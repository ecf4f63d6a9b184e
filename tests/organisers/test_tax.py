"""Tax receipts in the office: registrations, issued receipts without names, a name on a press, the file of a year."""

import csv
import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from core import clock
from core.audit import AuditEntry
from core.db import db
from donations.own_page import donors
from donations.tax import registrations
from donations.tax.models import TaxReceipt, TaxRegistration
from donations.tax.seals import open_receipt
from organisers.tax import views
from tests.donations.conftest import DONOR
from tests.donations.events import completed, refund, send
from tests.donations.tax import CANCELLED, RECEIPT, REGISTRATION, Tax, attached, words
from tests.organisers.conftest import Office

YEAR = clock.now().year
NEW = "/office/tax/registrations/new"


@pytest.fixture
def tax(app: Flask) -> Tax:
    return Tax(app)


def receipted(tax: Tax, client: FlaskClient, minor: int = 2500) -> tuple[str, str]:
    """A gift on a tax receipt: the paths of the gift's page and of the receipt's."""
    gift = tax.world.gift(minor)
    send(client, completed(gift))
    tax.settle()
    tax.lives()
    tax.ask()
    with tax.app.app_context():
        newest = db.session.scalars(select(TaxReceipt.public_id).order_by(TaxReceipt.id.desc())).first()
    return f"/office/gifts/{gift.public_id}", f"/office/tax/receipts/{newest}"


def rows(office: Office, **fields: Any) -> tuple[list[list[str]], str]:
    answer = office.post("/office/tax/export", **fields)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="tax-receipts-{fields["year"]}.csv"'
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))), answer.text


def test_an_empty_page_says_what_to_do(office: Office) -> None:
    page = office.get("/office/tax")
    assert "None yet, so no tax receipt is issued" in page and "have its letter at hand" in page
    assert "No tax receipt has been issued yet." in page
    assert 'href="/office/tax"' in office.get("/office/")


def test_a_registration_is_entered_replaced_and_retired(office: Office) -> None:
    assert office.saved(NEW, **REGISTRATION) == "/office/tax"
    page = office.get("/office/tax")
    assert "donors in Ireland get tax receipts" in page
    assert all(
        said in page for said in ("Ireland: Examples for Freedom CLG", "CHY 00000", "olga@example.org", "In use")
    )
    form = office.get(f"{NEW}?replace=1")
    assert "Examples for Freedom CLG" in form and 'value="IE"' in form and 'value="CHY 00000"' in form
    office.saved(NEW, **{**REGISTRATION, "legal_name": "Examples for Freedom DAC", "prefix": "IE2"})
    page = office.get("/office/tax")
    assert page.count(">In use<") == page.count(">Out of use<") == 1
    assert office.saved("/office/tax/registrations/2/retire") == "/office/tax"
    assert "donors in Ireland get no tax receipts any more" in office.get("/office/tax")
    office.saved("/office/tax/registrations/2/retire")
    assert "went out of use before" in office.get("/office/tax")
    assert office.post("/office/tax/registrations/9/retire").status_code == 404
    with office.app.app_context():
        assert registrations.countries_in_use() == []
    assert office.acts() == [
        ("tax_registration.entered", "IE"), ("tax_registration.entered", "IE2"), ("tax_registration.retired", "IE2"),
    ]  # fmt: skip


@pytest.mark.parametrize("replaced", ["9", "99999999999999999999", "x", "-1"])
def test_the_form_is_empty_where_there_is_nothing_to_replace(office: Office, replaced: str) -> None:
    assert "Registration with a tax office" in office.get(f"{NEW}?replace={replaced}")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"country": ""}, "Choose the country"), ({"country": "XX"}, "Choose one from the list"),
        ({"legal_name": " "}, "Write the name under which"), ({"address": ""}, "Write the address that stands"),
        ({"number": ""}, "Write the number that the tax office"), ({"office": ""}, "Write which office"),
        ({"wording": "\n"}, "Write the sentences"), ({"prefix": ""}, "Write some letters"),
        ({"prefix": "ie"}, "capital letters"), ({"prefix": "I-E"}, "capital letters"), ({"prefix": "ÍE"}, "capital letters"),
        ({"prefix": "A" * 13}, "12"), ({"prefix": "TAKEN"}, "begin with this already"),
    ],
)  # fmt: skip
def test_what_is_no_registration_is_refused_in_a_sentence(
    office: Office, tax: Tax, changes: dict[str, str], sentence: str
) -> None:
    tax.register(country="DE", prefix="TAKEN")
    answer = office.post(NEW, **{**REGISTRATION, **changes})
    assert answer.status_code == 422 and sentence in answer.text
    with office.app.app_context():
        assert registrations.countries_in_use() == ["DE"]
        assert len(registrations.list_all()) == 1


def test_a_taken_prefix_leaves_the_registration_in_use(office: Office, tax: Tax) -> None:
    tax.register()
    assert office.post(NEW, **REGISTRATION).status_code == 422
    with office.app.app_context():
        assert registrations.in_use("IE") is not None


def test_receipts_are_listed_without_a_name_and_a_name_is_opened_by_a_noted_press(
    office: Office, tax: Tax, client: FlaskClient
) -> None:
    tax.register()
    gift, receipt = receipted(tax, client)
    seen = office.acts()
    for path in ("/office/tax", receipt):
        page = office.get(path)
        assert f"IE-{YEAR}-00001" in page and "€25" in page
        assert "Dana" not in page and "Example Street" not in page and "Cork" not in page
    assert gift in office.get(receipt)
    assert office.acts() == seen
    answer = office.post(f"{receipt}/name")
    assert "Dana Donor" in answer.text and "1 Example Street, T12 X0X0 Cork, Ireland" in answer.text
    assert office.acts() == [*seen, ("tax_receipt.opened", f"IE-{YEAR}-00001")]
    assert office.client.get("/office/tax/receipts/nobody").status_code == 404
    with office.app.app_context():
        db.session.execute(update(TaxReceipt).values(blob=None, key_id="", data_key_id=""))
        db.session.commit()
    assert "ten years after that of issue are over" in office.post(f"{receipt}/name").text
    assert len(office.acts()) == len(seen) + 1


def test_a_receipt_with_a_wrong_address_is_issued_anew_once(office: Office, tax: Tax, client: FlaskClient) -> None:
    tax.register()
    _, receipt = receipted(tax, client)
    tax.lives(street="9 Other Road")
    assert "Cancel it and issue it anew" in office.get(receipt)
    for _press in range(2):
        assert office.saved(f"{receipt}/anew") == receipt
    tax.settle()
    assert tax.receipts() == [(f"{YEAR}-00001", 2500, False), (f"{YEAR}-00002", 2500, True)]
    page = office.get(receipt)
    assert "was not right" in page and "Cancel it and issue it anew" not in page
    office.saved(f"{receipt}/anew")
    assert "was cancelled before" in office.get(receipt)
    with tax.app.app_context():
        old, new = (open_receipt(one) for one in db.session.scalars(select(TaxReceipt).order_by(TaxReceipt.id)))
    assert (old["street"], new["street"]) == ("1 Example Street", "9 Other Road")
    assert "was not right" in words(attached(tax.letters(CANCELLED)[0])[1]) and len(tax.letters(RECEIPT)) == 2
    assert office.acts().count(("tax_receipt.anew", f"IE-{YEAR}-00001")) == 2


def test_a_receipt_that_nothing_could_replace_is_not_cancelled(office: Office, tax: Tax, client: FlaskClient) -> None:
    tax.register()
    _, receipt = receipted(tax, client)
    office.saved("/office/tax/registrations/1/retire")
    assert "Cancel it and issue it anew" not in office.get(receipt)
    office.saved(f"{receipt}/anew")
    tax.settle()
    assert tax.receipts() == [(f"{YEAR}-00001", 2500, True)]


@pytest.mark.parametrize("country", ["FR", ""])
def test_a_receipt_is_not_issued_anew_with_the_words_that_it_has(
    office: Office, tax: Tax, client: FlaskClient, country: str
) -> None:
    tax.register()
    _, receipt = receipted(tax, client)
    tax.lives(street="9 Other Road", country=country)
    office.saved(f"{receipt}/anew")
    tax.settle()
    assert tax.receipts() == [(f"{YEAR}-00001", 2500, True)], "no number is spent where nothing would change"


def test_the_list_names_the_country_of_each_receipt(office: Office, tax: Tax, client: FlaskClient) -> None:
    tax.register()
    receipted(tax, client)
    office.saved("/office/tax/registrations/1/retire")
    issued = office.get("/office/tax").partition('id="issued"')[2]
    assert "Ireland" in issued


def test_the_gift_names_the_receipt_and_the_refund_warns_until_it_is_cancelled(
    office: Office, tax: Tax, client: FlaskClient
) -> None:
    tax.register()
    gift, receipt = receipted(tax, client)
    assert receipt in office.get(gift)
    with tax.app.app_context():
        payment = db.session.scalars(select(TaxReceipt)).one().lines[0].payment_id
    asked = f"{gift}/payments/{payment}/refund"
    warning = f"This payment stands on tax receipt IE-{YEAR}-00001. Once it is refunded, that receipt is cancelled"
    assert warning in office.get(asked)
    gift_again = tax.world.gift(1000)
    send(client, completed(gift_again))  # receipted by itself once the worker comes
    page = office.get(f"/office/gifts/{gift_again.public_id}")
    assert "On tax receipt" not in page
    tax.settle()
    send(client, refund(gift_again, 1000))
    tax.settle()
    assert "On tax receipt" not in office.get(f"/office/gifts/{gift_again.public_id}")
    page = office.get("/office/tax")
    assert page.count(">Cancelled<") == 1 and page.count(">Valid<") == 1
    assert receipt in office.get(gift)


def test_the_file_of_a_year_holds_names_only_where_asked_and_is_noted(
    office: Office, tax: Tax, client: FlaskClient
) -> None:
    tax.register()
    receipted(tax, client)
    gift = tax.world.gift(1000)
    send(client, completed(gift))
    tax.settle()
    send(client, refund(gift, 1000))
    tax.settle()
    today = clock.now().date().isoformat()
    found, text = rows(office, year=YEAR)
    assert found[0] == ["number", "day", "currency", "amount", "payments", "cancelled", "reason"]
    assert [row[:4] + row[5:6] for row in found[1:]] == [
        [f"IE-{YEAR}-00001", today, "EUR", "25.00", ""], [f"IE-{YEAR}-00002", today, "EUR", "10.00", today],
    ]  # fmt: skip
    assert found[2][6] == "A gift on it was given back, in whole or in part." and found[1][4].startswith("pi_")
    assert "Dana" not in text and "Cork" not in text
    named, _ = rows(office, year=YEAR, names="y")
    assert named[1][7:] == ["Dana Donor", "1 Example Street, T12 X0X0, Cork, Ireland"]
    assert rows(office, year=YEAR - 1)[0] == found[:1]
    with office.app.app_context():
        noted = db.session.scalars(
            select(AuditEntry).where(AuditEntry.act == "tax_receipts.exported").order_by(AuditEntry.id)
        )
        assert [(one.subject, one.detail["names"], one.detail["rows"]) for one in noted] == [
            (str(YEAR), False, 2), (str(YEAR), True, 2), (str(YEAR - 1), False, 0),
        ]  # fmt: skip


def test_no_cell_of_the_file_is_run_by_a_spreadsheet(office: Office, tax: Tax, client: FlaskClient) -> None:
    tax.register()
    tax.paid()
    tax.lives(street='=HYPERLINK("http://example.org")')
    with tax.app.app_context():
        donor = donors.find(DONOR)
        assert donor is not None
        donors.seal_person(donor, {**donors.open_person(donor), "name": "=1+1"})
        db.session.commit()
    tax.ask()
    named, _ = rows(office, year=YEAR, names="y")
    assert named[1][7] == "'=1+1" and named[1][8].startswith("'=HYPERLINK")


@pytest.mark.parametrize("year", ["", "x", "1999", "2101", "2026.5"])
def test_a_year_that_is_none_is_refused_in_a_sentence(office: Office, year: str) -> None:
    answer = office.post("/office/tax/export", year=year)
    assert answer.status_code == 422
    assert "Write a year" in answer.text or "Write a whole number" in answer.text
    assert office.acts() == []


def test_receipts_are_paged(office: Office, tax: Tax, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PAGE", 2)
    tax.register()
    for _ in range(3):
        receipted(tax, client, 1000)
    first = office.get("/office/tax")
    assert f"IE-{YEAR}-00003" in first and f"IE-{YEAR}-00002" in first and f"IE-{YEAR}-00001" not in first
    (following,) = re.findall(r'href="(/office/tax\?before=\d+)"', first)
    second = office.get(following)
    assert f"IE-{YEAR}-00001" in second and f"IE-{YEAR}-00002" not in second and "Earlier receipts" not in second
    assert office.client.get(f"/office/tax?before={10**30}").status_code == 200


def test_nobody_else_sees_or_enters_anything(app: Flask, client: FlaskClient) -> None:
    for path in ("/office/tax", NEW, "/office/tax/receipts/nobody"):
        assert client.get(path).status_code == 302
    assert client.post(NEW, data=REGISTRATION).status_code == 302
    with app.app_context():
        assert db.session.scalars(select(TaxRegistration)).all() == []
