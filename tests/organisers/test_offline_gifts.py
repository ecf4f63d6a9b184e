"""Gifts outside Stripe: entered once, taken back and never changed, counted apart, and in the books with their reversal."""

from datetime import date, timedelta
from typing import Any

import pytest

from core import clock
from donations.offline import services as offline
from tests.factories import make_case
from tests.organisers.conftest import Office

GIFT = {
    "given_on": "2026-11-20", "amount": "30,50", "currency": "EUR", "fund": "", "means": "bank", "reference": "S12/7",
    "name": "Berta Bank", "show_name": "no", "note": "By her sister",
}  # fmt: skip


def enter(office: Office, **changes: Any) -> str:
    return office.saved("/office/offline-gifts/new", **{**GIFT, **changes})


def lines(office: Office) -> list[tuple[str, int, bool]]:
    with office.app.app_context():
        found = offline.entries(date(2026, 1, 1), clock.now().date() + timedelta(days=1))
        return [(entry.gift.reference, entry.minor, entry.reversal) for entry in found]


def test_a_gift_is_entered_and_counted_apart(office: Office) -> None:
    with office.app.app_context():
        case = make_case(slug="a-fund", fund_goal=10_000)
        fund = str(case.id)
    enter(office, fund=fund)
    enter(office, fund=fund, reference="S12/8", currency="USD", amount="7")
    page = office.client.get("/donate/a-fund").text
    assert "in cash or in another way: €30.50, $7" in page and '<strong class="big">€0</strong>' in page
    assert 'value="0"' in page, "the bar counts what Stripe confirmed"
    assert office.client.get("/cases/a-fund.json").json["raised"] == {}  # type: ignore[index]
    assert "in another way" not in office.client.get("/donate").text
    assert [act for act, _ in office.acts()] == ["offline_gift.entered"] * 2


def test_one_line_of_a_statement_is_one_gift(office: Office) -> None:
    first = enter(office)
    again = office.post("/office/offline-gifts/new", **GIFT)
    assert again.status_code == 422 and "entered before" in again.text
    enter(office, means="cash")
    office.saved(f"{first}/take-back", reason="Wrong amount")
    enter(office, amount="35")
    assert [minor for _, minor, _ in lines(office)] == [3050, 3050, 3500, -3050]


def test_a_gift_is_taken_back_once_and_the_books_keep_both_lines(office: Office) -> None:
    path = enter(office)
    assert office.post(f"{path}/take-back", reason=" ").status_code == 422
    office.saved(f"{path}/take-back", reason="Entered twice")
    office.saved(f"{path}/take-back", reason="Entered twice")
    page = office.get(path)
    assert "taken this gift back before" in page and "Entered twice" in page
    assert lines(office) == [("S12/7", 3050, False), ("S12/7", -3050, True)]
    assert "in another way" not in office.client.get("/donate").text
    assert [act for act, _ in office.acts()] == ["offline_gift.entered", "offline_gift.taken_back"]


def test_name_and_note_are_sealed_and_opened_with_a_note_in_the_chain(office: Office) -> None:
    path = enter(office)
    assert "Berta" not in office.get(path) + office.get("/office/offline-gifts")
    opened = office.post(f"{path}/donor").text
    assert "Berta Bank" in opened and "By her sister" in opened
    assert office.acts()[-1] == ("gift.donor_opened", path.rpartition("/")[2])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"amount": ""}, "plain digits"), ({"amount": "0"}, "more than nothing"), ({"amount": "9" * 21}, "plain digits"),
        ({"currency": "XTS"}, "from the list"), ({"fund": "999"}, "from the list"), ({"means": "gold"}, "from the list"),
        ({"reference": ""}, "every other"), ({"given_on": ""}, "the day"),
        ({"given_on": str(clock.now().date() + timedelta(days=1))}, "still to come"),
        ({"name": "", "show_name": "yes"}, "Write the name"),
    ],
)  # fmt: skip
def test_what_is_no_gift_is_refused_in_a_sentence(office: Office, changes: dict[str, str], sentence: str) -> None:
    answer = office.post("/office/offline-gifts/new", **{**GIFT, **changes})
    assert answer.status_code == 422 and sentence in answer.text
    assert lines(office) == []


def test_the_smallest_coin_may_be_entered(office: Office) -> None:
    enter(office, amount="0.01")
    assert lines(office) == [("S12/7", 1, False)]
