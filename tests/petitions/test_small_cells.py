"""Small cells: what the public is told of countries and days, and what an attacker who knows every rule makes of it."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import NamedTuple

import pytest
import time_machine
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.db import db
from petitions.counting import margins, tallies
from petitions.models import Petition
from petitions.states import Method, PetitionState, Visibility
from tests.petitions.conftest import Campaign
from tests.petitions.crowd import crowd, take_away

MORNING = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def take(campaign: Campaign) -> bool:
    with campaign.app.app_context():
        return margins.take_all()


def shown(campaign: Campaign) -> margins.Shown:
    with campaign.app.app_context():
        return margins.shown(campaign.id)


# What is told of counts


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"IE": 25, "FR": 12}, {"IE": 20}),
        ({"IE": 49, "FR": 20, "KZ": 19}, {"IE": 40, "FR": 20}),
        ({"IE": 25}, {}),  # all of them: who is known to have signed would be known to live there
        ({"IE": 30}, {"IE": 20}),
        ({"IE": 1000}, {"IE": 990}),
        ({"IE": 19, "FR": 19, "KZ": 19}, {}),
        ({}, {}),
    ],
)
def test_tens_from_twenty_up_and_never_everybody(counts: dict[str, int], told: dict[str, int]) -> None:
    assert margins.hide(counts, {}, came=sum(counts.values())) == told


def test_twenty_who_come_at_once_are_not_told_to_be_all_of_one_country() -> None:
    assert margins.hide({"IE": 50, "FR": 25}, {"IE": 20, "FR": 20}, came=21) == {"IE": 40, "FR": 20}
    assert margins.hide({"IE": 50, "FR": 45, "KZ": 15}, {"IE": 20, "FR": 20}, came=42) == {"IE": 50, "FR": 40}


World = tuple[int, int, int]  # from Ireland, from France, from elsewhere: no other country has twenty
CODES = ("IE", "FR")


def told_of(world: World, old: dict[str, int], came: int) -> dict[str, int]:
    elsewhere = {str(number): 1 for number in range(world[2])}
    return margins.hide({**dict(zip(CODES, world, strict=False)), **elsewhere}, old, came=came)


def worlds(total: int, old: dict[str, int], came: int, told: dict[str, int]) -> list[World]:
    """Every way in which `total` people may be spread over the countries so that just this would have been told."""
    least = [told.get(code, 0) for code in CODES]
    return [
        (a, b, total - a - b)
        for a in range(least[0], total + 1)
        for b in range(least[1], total + 1 - a)
        if told_of((a, b, total - a - b), old, came) == told
    ]


def grows(one: World, other: World) -> bool:
    return all(now >= before for before, now in zip(one, other, strict=True))


def batches() -> st.SearchStrategy[list[World]]:
    """Who came before the first snapshot, and between it and the others: nearly all from one country, as is dangerous."""
    some, many, few, order = st.integers(0, 30), st.integers(18, 32), st.integers(0, 3), st.permutations(range(3))
    later = st.tuples(many, few, few, order).map(lambda drawn: tuple(drawn[place] for place in drawn[3]))
    enough = [one.filter(lambda came: sum(came) >= margins.LEAST) for one in (st.tuples(some, some, some), later)]
    return st.tuples(enough[0], st.lists(enough[1], max_size=2)).map(lambda drawn: [drawn[0], *drawn[1]])


@settings(max_examples=15, deadline=None)
@given(batches())
@example([(20, 0, 0)])
@example([(29, 20, 15), (21, 0, 0)])
def test_who_knows_every_rule_cannot_place_ten_of_any_twenty_who_came(came: list[World]) -> None:
    """The attacker keeps every world that fits all that was ever told. In one of them, ten of each batch live elsewhere."""
    true, old, fits = (0, 0, 0), {}, [[(0, 0, 0)]]
    for batch in came:
        true = tuple(before + new for before, new in zip(true, batch, strict=True))  # type: ignore[assignment]
        told = told_of(true, old, sum(batch))
        possible = worlds(sum(true), old, sum(batch), told)
        fits.append([world for world in possible if any(grows(before, world) for before in fits[-1])])
        assert true in fits[-1]
        old = told
    for number in range(len(fits) - 1, 1, -1):
        fits[number - 1] = [world for world in fits[number - 1] if any(grows(world, after) for after in fits[number])]
    for number, batch in enumerate(came):
        steps = [(a, b) for a, b in product(fits[number], fits[number + 1]) if grows(a, b)]
        for country in range(2):
            assert min(b[country] - a[country] for a, b in steps) <= sum(batch) - margins.STEP


# The snapshot


def test_nothing_is_told_before_the_day_s_snapshot_and_nothing_changes_before_the_next(campaign: Campaign) -> None:
    with time_machine.travel(MORNING) as now:
        crowd(campaign, 45, "IE")
        crowd(campaign, 25, "FR")
        crowd(campaign, 19, "KZ")
        assert shown(campaign).by_country == {}
        assert take(campaign)
        assert shown(campaign) == margins.Shown({"IE": 40, "FR": 20}, {}, date(2026, 11, 2))
        crowd(campaign, 60, "KZ")
        now.shift(timedelta(hours=12))
        assert not take(campaign) and shown(campaign).by_country == {"IE": 40, "FR": 20}
        now.shift(timedelta(hours=12))
        assert take(campaign)
        assert shown(campaign) == margins.Shown({"KZ": 60, "IE": 40, "FR": 20}, {"2026-11-02": 140}, date(2026, 11, 3))


def test_a_number_changes_only_when_twenty_have_come_who_do_not_show_their_name(campaign: Campaign) -> None:
    with time_machine.travel(MORNING) as now:
        crowd(campaign, 49, "IE")
        crowd(campaign, 30, "FR")
        crowd(campaign, 12, "KZ")
        take(campaign)
        for _ in range(19):
            now.shift(DAY)
            crowd(campaign, 1, "IE")
            take(campaign)
            assert shown(campaign).by_country == {"IE": 40, "FR": 30}
        crowd(campaign, 40, "DE", visibility=Visibility.PUBLIC)  # they tell of themselves, and hide nobody
        now.shift(DAY)
        take(campaign)
        assert shown(campaign).by_country == {"DE": 40, "IE": 40, "FR": 30}
        crowd(campaign, 1, "IE")
        now.shift(DAY)
        take(campaign)
        assert shown(campaign).by_country == {"IE": 50, "DE": 40, "FR": 30}


def test_those_who_show_their_name_give_away_no_small_number_of_the_others(campaign: Campaign) -> None:
    """With 25 named and 5 hidden from one country, a plain 30 would tell that five of the hidden live there."""
    with time_machine.travel(MORNING):
        crowd(campaign, 25, "IE", visibility=Visibility.PUBLIC)
        crowd(campaign, 5, "IE")
        crowd(campaign, 40, "FR")
        take(campaign)
        assert shown(campaign).by_country == {"FR": 30, "IE": 20}


def test_a_day_is_told_when_it_is_over_in_the_petition_s_own_zone(make_campaign_of: Callable[..., Campaign]) -> None:
    campaign = make_campaign_of(time_zone="Asia/Almaty")
    with time_machine.travel(datetime(2026, 11, 2, 18, tzinfo=UTC)) as now:  # 23 hours there
        crowd(campaign, 31)
        crowd(campaign, 15, "FR")
        now.shift(timedelta(hours=1, minutes=5))
        crowd(campaign, 50, "FR")
        assert take(campaign)
        assert shown(campaign).by_day == {"2026-11-02": 40}
        now.shift(DAY)
        assert take(campaign)
        assert shown(campaign).by_day == {"2026-11-02": 40, "2026-11-03": 50}
        take_away(campaign, 5)  # one of those days must not be seen to fall when a few leave
        now.shift(DAY)
        assert take(campaign) and shown(campaign).by_day == {"2026-11-02": 40, "2026-11-03": 50}
        take_away(campaign, 20)
        now.shift(DAY)
        assert take(campaign) and shown(campaign).by_day == {"2026-11-02": 40, "2026-11-03": 20}


def test_a_quiet_day_is_never_told(campaign: Campaign) -> None:
    with time_machine.travel(MORNING) as now:
        crowd(campaign, 40, "IE")
        crowd(campaign, 40, "FR")
        now.shift(DAY)
        crowd(campaign, 19)
        now.shift(DAY)
        take(campaign)
        assert shown(campaign).by_day == {"2026-11-02": 80}


def test_one_worker_of_many_takes_the_day_s_snapshot(campaign: Campaign) -> None:
    crowd(campaign, 45, "IE")
    crowd(campaign, 45, "FR")
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda _: take(campaign), range(6))) == 1
    assert shown(campaign).by_country == {"FR": 40, "IE": 40}


def test_drafts_and_closed_letters_have_no_snapshot(make_campaign_of: Callable[..., Campaign]) -> None:
    letter, draft = make_campaign_of(invited_only=True), make_campaign_of()
    with draft.app.app_context():
        db.session.get_one(Petition, draft.id).state = PetitionState.DRAFT
        db.session.commit()
    assert not take(letter) and not take(draft)


# What the pages say


def test_page_json_and_list_say_the_same(campaign: Campaign) -> None:
    crowd(campaign, 45, "IE")
    crowd(campaign, 30, "FR", method=Method.PAPER)
    crowd(campaign, 12, "KZ")
    campaign.work()
    page = look(campaign, "").replace("\n", " ")
    assert "From which countries" in page and re.search(r"Ireland</th>\s*<td class=\"num\">40<", page)
    assert "30 of these signatures were given on paper." in page
    assert "30 of these signatures were given on paper." in look(campaign, "/signatories")
    document = json.loads(look(campaign, ".json"))
    assert document["by_country"] == {"IE": 40, "FR": 30} and document["by_day"] == {}
    assert document["on_paper"] == 30 and date.fromisoformat(document["parts_taken_on"])


def test_where_nothing_may_be_told_nothing_is_said(campaign: Campaign) -> None:
    crowd(campaign, 19)
    campaign.work()
    page, document = look(campaign, ""), json.loads(look(campaign, ".json"))
    assert "From which countries" not in page and "on paper." not in page
    assert (document["by_country"], document["parts_taken_on"], document["on_paper"]) == ({}, None, 0)


def test_the_closing_date_stands_on_the_page_in_the_petition_s_zone(make_campaign_of: Callable[..., Campaign]) -> None:
    campaign = make_campaign_of(closes_at=datetime(2099, 11, 30, 19, tzinfo=UTC), time_zone="Asia/Almaty")
    assert "You can sign until 1 December 2099, 00:00 (Kazakhstan Time)." in look(campaign, "")
    with time_machine.travel(datetime(2100, 1, 1, tzinfo=UTC)):
        assert "It could be signed until 1 December 2099, 00:00 (Kazakhstan Time)." in look(campaign, "")


def look(campaign: Campaign, path: str) -> str:
    """A public page as it is now, past the cache of a second."""
    answer = campaign.client.get(f"/petitions/{campaign.slug}{path}?now")
    assert answer.status_code == 200
    return answer.text


# The attacker


class Seen(NamedTuple):
    """One look at all that is public."""

    total: int
    named: int
    cells: dict[str, int]


class Attacker:
    """Looks after every single signature, knows which ones are its own, and subtracts."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.own = 0
        self.last = self.changed = self.see()
        self.own_then = 0
        self.crowds: list[int] = []  # among how many hidden others it had to look, each time that a number moved

    def see(self) -> Seen:
        page, document = look(self.campaign, ""), json.loads(look(self.campaign, ".json"))
        count = json.loads(look(self.campaign, "/count.json"))["signatures"]
        cells = dict(re.findall(r'<th scope="row">([^<]+)</th>\s*<td class="num">([\d,]+)</td>', page))
        assert sorted(map(int, cells.values())) == sorted(document["by_country"].values())
        assert count == document["signatures"]
        names = look(self.campaign, "/signatories").count("<li><strong>")
        return Seen(count, names, document["by_country"])

    def poll(self) -> None:
        seen = self.see()
        if seen.cells != self.changed.cells:
            came = (seen.total - seen.named) - (self.changed.total - self.changed.named)
            self.crowds.append(came - (self.own - self.own_then))
            self.changed, self.own_then = seen, self.own
        self.last = seen

    def sign(self, country: str) -> None:
        self.own += 1
        sign_and_fold(self.campaign, f"fake{self.own}@example.org", country)
        self.poll()


def sign_and_fold(campaign: Campaign, address: str, country: str) -> None:
    campaign.sign(address, country=country, visibility="counted")
    campaign.work()
    assert campaign.press(campaign.mails(address)[0].links["confirm"]).status_code == 303
    with campaign.app.app_context():
        assert tallies.fold()


def fortnight(now: time_machine.Traveller) -> Iterator[int]:
    for day in range(14):
        yield day
        now.move_to(MORNING + DAY * (day + 1))


def test_polling_signing_and_subtracting_for_a_fortnight_tells_no_single_signatory_s_country(
    campaign: Campaign,
) -> None:
    with time_machine.travel(MORNING, tick=False) as now:
        crowd(campaign, 28, "IE")
        crowd(campaign, 29, "FR")
        crowd(campaign, 12, "KZ")
        crowd(campaign, 2, "IE", visibility=Visibility.PUBLIC)
        campaign.work()
        attacker = Attacker(campaign)
        assert attacker.last.cells == {"FR": 20, "IE": 20}
        for day in fortnight(now):
            sign_and_fold(campaign, f"victim{day}@example.org", ("FR", "IE", "KZ")[day % 3])
            attacker.poll()
            if day % 2:
                attacker.sign(("IE", "FR")[day // 2 % 2])  # up to the border of a cell, and over it
            if day == 9:
                crowd(campaign, 12, "FR")
                crowd(campaign, 14, "DE")
            now.shift(timedelta(hours=20))
            campaign.work()
            attacker.poll()
    assert attacker.crowds and min(attacker.crowds) >= margins.STEP
    assert attacker.last.total == 71 + 14 + attacker.own + 26
