"""The number on the page is the number of valid signatures, always."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from core import clock
from core.db import db
from core.jobs import Job
from petitions.counting import milestones, recounts, tallies
from petitions.counting.models import Tally, TallyChange
from petitions.states import Method
from tests.conftest import BASE
from tests.petitions.conftest import Campaign
from tests.petitions.crowd import crowd, fold_at_once, take_away
from tests.processes.conftest import until

HERE = Path(__file__).parent.parent.parent


def test_margins_follow_the_signatures(campaign: Campaign) -> None:
    campaign.signed("a@example.org", country="IE")
    campaign.signed("b@example.org", country="FR")
    campaign.signed("c@example.org", country="FR")
    campaign.press(campaign.mails("c@example.org")[-1].links["withdraw"])
    campaign.work()
    with campaign.app.app_context():
        numbers = tallies.numbers(campaign.id)
        assert db.session.scalar(select(func.count()).select_from(TallyChange)) == 0
    assert numbers.total == 2 and numbers.by_country == {"FR": 1, "IE": 1} and numbers.by_source == {"other": 2}
    assert sum(numbers.by_hour.values()) == 2


def test_folding_at_once_loses_and_doubles_nothing(campaign: Campaign) -> None:
    campaign.signed("a@example.org")
    with campaign.app.app_context():
        for _ in range(300):
            tallies.change(campaign.id, 1, country="IE", source="other", hour=clock.to_hour(clock.now()))
        db.session.commit()

    fold_at_once(campaign)
    with campaign.app.app_context():
        assert tallies.total(campaign.id) == 301


def test_a_recount_finds_repairs_and_reports_drift(campaign: Campaign) -> None:
    campaign.signed("a@example.org")
    runner = campaign.app.test_cli_runner()
    assert runner.invoke(args=["tallies", "recount"]).exit_code == 0
    with campaign.app.app_context():
        db.session.execute(update(Tally).values(signatures=41))
        db.session.commit()
        assert tallies.drift() == {campaign.id: -40}
    result = runner.invoke(args=["tallies", "recount", "--json"])
    assert result.exit_code == 1 and '"drift"' in result.output
    with campaign.app.app_context():
        assert tallies.total(campaign.id) == 1 and tallies.drift() == {}
        assert db.session.scalar(select(Job.kind).where(Job.kind == "alarm")) == "alarm"


def test_a_recount_does_not_mistake_waiting_changes_for_drift(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    campaign.press(campaign.mails()[0].links["confirm"])
    with campaign.app.app_context():
        assert tallies.total(campaign.id) == 0 and tallies.recount() == {}
    assert campaign.count() == 1


def test_a_recount_while_people_confirm_and_a_worker_folds_finds_no_drift(campaign: Campaign) -> None:
    confirming = threading.Event()

    def fold() -> None:
        while not confirming.is_set():
            with campaign.app.app_context():
                tallies.fold()

    def recount() -> list[dict[int, int]]:
        found = []
        while not confirming.is_set():
            with campaign.app.app_context():
                found.append(tallies.recount())
        return found

    with ThreadPoolExecutor(2) as pool:
        folding, recounting = pool.submit(fold), pool.submit(recount)
        try:
            for _ in range(60):
                crowd(campaign, 2, fold=False)
        finally:
            confirming.set()
        folding.result()
        found = recounting.result()
    assert len(found) > 2 and not any(found)
    assert campaign.count() == campaign.valid() == 120


def test_totals_of_unknown_petitions_are_nothing(app: Flask) -> None:
    with app.app_context():
        assert tallies.total(12345) == 0 and tallies.totals([]) == {}


def test_paper_and_web_are_counted_apart(campaign: Campaign) -> None:
    crowd(campaign, 12, method=Method.PAPER)
    campaign.signed("ada@example.org")
    take_away(campaign, 1)
    with campaign.app.app_context():
        numbers = tallies.numbers(campaign.id)
        assert (numbers.total, numbers.by_method) == (12, {"paper": 12}) and tallies.on_paper(campaign.id) == 12
        assert tallies.drift() == {}


def test_many_moves_at_once_are_few_rows_and_the_same_number(campaign: Campaign) -> None:
    crowd(campaign, 500, "IE", fold=False)
    crowd(campaign, 300, "FR", fold=False)
    with campaign.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(TallyChange)) == 2
    assert campaign.count() == 800


def reports(campaign: Campaign) -> list[tuple[str, str]]:
    with campaign.app.app_context():
        acts = select(recounts.AuditEntry).where(recounts.AuditEntry.act == recounts.ACT)
        return [
            (entry.actor, str(entry.detail["drift"]))
            for entry in db.session.scalars(acts.order_by(recounts.AuditEntry.id))
        ]


def test_the_nightly_recount_is_done_once_a_day_by_one_worker_of_many(campaign: Campaign) -> None:
    def night(_: int) -> bool:
        with campaign.app.app_context():
            return recounts.nightly()

    for day in ("2026-11-20", "2026-11-21"):
        with time_machine.travel(f"{day}T00:05:00Z", tick=True), ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(night, range(6))) == 1
    assert reports(campaign) == [(recounts.NIGHTLY, "{}")] * 2


def test_a_smaller_number_that_is_wrong_is_repaired_and_reported_without_an_alarm(campaign: Campaign) -> None:
    crowd(campaign, 3)
    with campaign.app.app_context():
        db.session.execute(update(Tally).where(Tally.dimension == "country").values(signatures=2))
        db.session.commit()
        assert recounts.last() is None and recounts.nightly()
        found = recounts.last()
        assert found and (found.drifts, found.cells) == ({}, 1)
        assert tallies.numbers(campaign.id).by_country == {"IE": 3}
        assert db.session.scalar(select(Job.id).where(Job.kind == "alarm")) is None


@contextmanager
def workers(app: Flask, many: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Real worker processes on the app's database, ended with the block."""
    settings = app.config["UNDERSIGNED"]
    environment = {
        **BASE, "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url, "PATH": os.environ["PATH"],
    }  # fmt: skip
    command = [sys.executable, "-m", "flask", "--app", "app", "jobs", "work"]
    started = [
        subprocess.Popen(command, cwd=HERE, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(many)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.processes
def test_three_workers_one_of_them_killed_count_everybody_once(campaign: Campaign) -> None:
    with workers(campaign.app, 3) as (first, *_others):
        crowd(campaign, 90, fold=False)
        until(lambda: folded(campaign), "a worker folds")
        for number in range(80):
            crowd(campaign, 25, fold=False)
            if number == 40:
                first.kill()
        until(lambda: campaign.fresh(select(TallyChange.id).limit(1)) is None, "what waits is folded")
    assert folded(campaign) == campaign.valid() == 2090
    with campaign.app.app_context():
        assert {one.signatures for one in milestones.of(campaign.id)} == {100, 500, 1000}
        told = db.session.scalars(select(Job.key).where(Job.kind == "milestone")).all()
        assert f"milestone:{campaign.id}:1000" in told and len(told) <= 3
        assert tallies.drift() == {}


def folded(campaign: Campaign) -> int:
    with campaign.app.app_context():
        return tallies.total(campaign.id)
