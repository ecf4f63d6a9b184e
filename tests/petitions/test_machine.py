"""Whatever is done, in whatever order: the numbers shown, those of the valid signatures and the model's are one."""

import email
import email.policy
import itertools
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from core import clock
from core.db import db
from core.vault import SITE, vault
from core.worker import Tick, Worker
from petitions import services, submission_services
from petitions.abuse import invalidation_batches, invalidation_services
from petitions.counting import tallies
from petitions.counting.tallies import Numbers
from petitions.models import Signature
from petitions.states import SignatureState, Visibility
from tests.petitions.conftest import LINK, Campaign, make_campaign
from tests.petitions.own_pages import OWN

MAILBOXES = ("ada@example.org", "ben@example.org", "cy@example.org", "dot@example.org")
SPELLINGS = ("{0}@{1}", "{0}+tag@{1}")
COUNTRIES = ("IE", "FR")
SOURCES = ("radio", "other")
MORNING = datetime(2026, 11, 2, 9, 5, tzinfo=UTC)
PEOPLE = itertools.count(1)
MUST_HAPPEN = {  # else the machine has stood still
    "confirmed", "confirmed beside another", "pressed in vain", "left while it counted", "left while it was set aside",
    "taken", "taken late", "given back",
}  # fmt: skip


@dataclass(eq=False)
class Sent:
    """One submission as the model knows it. `left`: its owner has taken everything back since it was opened."""

    number: int
    mailbox: str
    country: str
    source: str
    opened: bool = False
    left: bool = False
    pressed: bool = False


@dataclass(eq=False)
class Standing:
    """A mailbox's signature: of which submission, since which hour, and the invalidation that has taken it."""

    sent: Sent
    hour: str
    taken_by: int | None = None


@dataclass(frozen=True)
class Links:
    sent: Sent
    confirm: str | None
    withdraw: str
    disown: str
    own: str


@dataclass
class Model:
    happened: Counter[str]
    sent: list[Sent] = field(default_factory=list)
    standing: dict[str, Standing] = field(default_factory=dict)
    invalidations: dict[str, tuple[int, int]] = field(default_factory=dict)  # by country: its id, the last before it

    def confirm(self, sent: Sent) -> None:
        if sent.left or sent.pressed:
            return self.happened.update(["pressed in vain"])
        sent.pressed = True
        stands = self.standing.setdefault(sent.mailbox, Standing(sent, f"{clock.now():%Y-%m-%dT%H}"))
        self.happened["confirmed" if stands.sent is sent else "confirmed beside another"] += 1

    def leave(self, sent: Sent) -> None:
        if sent.left:
            return
        stood = self.standing.pop(sent.mailbox, None)
        if stood:
            self.happened["left while it was set aside" if stood.taken_by else "left while it counted"] += 1
        for one in self.sent:
            one.left = one.left or (one.mailbox == sent.mailbox and one.opened)

    def invalidate(self, country: str, number: int) -> None:
        self.invalidations[country] = number, max(one.number for one in self.sent)
        self.take(country, "taken")

    def follow(self) -> None:
        """What the worker does by itself: opens what came, and takes late what an invalidation would have taken."""
        for one in self.sent:
            one.opened = True
        for country in self.invalidations:
            self.take(country, "taken late")

    def take(self, country: str, how: str) -> None:
        number, last = self.invalidations[country]
        for one in self.standing.values():
            if one.sent.country == country and one.taken_by is None and one.sent.number <= last:
                one.taken_by = number
                self.happened[how] += 1

    def undo(self, country: str) -> None:
        number, _ = self.invalidations.pop(country)
        for one in self.standing.values():
            if one.taken_by == number:
                one.taken_by = None
                self.happened["given back"] += 1

    @property
    def numbers(self) -> Numbers:
        counted = [(one.sent.country, one.sent.source, one.hour) for one in self.standing.values() if not one.taken_by]
        return numbers_of([(*row, "web") for row in counted])


def numbers_of(rows: list[tuple[str, str, str, str]]) -> Numbers:
    """Numbers of signatures by (country, source, hour, method)."""
    columns = list(zip(*rows, strict=True)) or [()] * 4
    return Numbers(len(rows), *(dict(Counter(column)) for column in columns))


class Signing(RuleBasedStateMachine):
    def __init__(self, app: Flask, happened: Counter[str]) -> None:
        super().__init__()
        self.travel = time_machine.travel(MORNING)
        self.now = self.travel.start()
        self.app, self.model, self.links = app, Model(happened), list[Links]()
        self.campaign: Campaign = make_campaign(app, sources=["radio"])
        with app.app_context():
            tallies.recount()  # what an example before this one has broken is not this one's
        ticks = (submission_services.open_received, invalidation_batches.follow, tallies.fold)
        self.worker = Worker(app.extensions["jobs"].handlers, tuple(Tick(tick, every=0.0) for tick in ticks))
        self.folder: Path = app.config["UNDERSIGNED"].mail_folder
        self.read = set(self.folder.glob("*.eml"))

    def teardown(self) -> None:
        self.travel.stop()

    @initialize()
    def begin(self) -> None:
        for mailbox, country, source in zip(MAILBOXES, ("IE", "FR", "IE", "FR"), SOURCES * 2, strict=True):
            self.submit(mailbox, SPELLINGS[0], country, source)
        self.work()
        for link in self.links[:2]:
            self.press_confirm(link)

    @rule(
        mailbox=st.sampled_from(MAILBOXES), spelling=st.sampled_from(SPELLINGS), country=st.sampled_from(COUNTRIES),
        source=st.sampled_from(SOURCES),
    )  # fmt: skip
    def submit(self, mailbox: str, spelling: str, country: str, source: str) -> None:
        sent = Sent(next(PEOPLE), mailbox, country, source)
        person = {
            "name": f"Person {sent.number} ", "email": spelling.format(*mailbox.split("@")), "postal_code": "", "role": "",
            "affiliation": "", "comment": "", "updates": False, "may_ask": False,
        }  # fmt: skip
        counted = {"country": country, "visibility": Visibility.COUNTED, "source": source}
        with self.app.app_context():
            submission_services.submit(services.get(self.campaign.id), **counted, person=person)  # type: ignore[arg-type]
        self.model.sent.append(sent)

    @rule()
    def work(self) -> None:
        """The worker opens, mails, follows and folds; an hour passes, and every new mail is read."""
        with self.app.app_context():
            self.worker.drain()
        self.model.follow()
        self.now.shift(timedelta(hours=1))
        new = sorted(set(self.folder.glob("*.eml")) - self.read)
        self.read |= set(new)
        self.links += filter(None, map(self.links_in, new))

    def links_in(self, path: Path) -> Links | None:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        named = re.search(r"Person (\d+)", text)
        sent = next((one for one in self.model.sent if named and one.number == int(named[1])), None)
        if sent is None:  # of an example before this one
            return None
        acts, own = {purpose: link for link, purpose in LINK.findall(text)}, OWN.search(text)
        return Links(sent, acts.get("confirm"), acts["withdraw"], acts["disown"], own[1])  # type: ignore[index]

    def one_of(self, data: st.DataObject, wanted: Callable[[Links], bool]) -> Links:
        """Mostly a link with which something is still to be done."""
        fresh = [link for link in self.links if wanted(link)]
        return data.draw(st.sampled_from(fresh if fresh and data.draw(st.integers(0, 3)) else self.links))

    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        self.press_confirm(self.one_of(data, lambda link: not (link.sent.pressed or link.sent.left)))

    def press_confirm(self, link: Links) -> None:
        if link.confirm:
            assert self.campaign.press(link.confirm).status_code == 303
            self.model.confirm(link.sent)

    @rule(data=st.data(), act=st.sampled_from(("withdraw", "disown", "own/erase", "own/withdraw")))
    def leave(self, data: st.DataObject, act: str) -> None:
        link = self.one_of(data, lambda link: link.sent.mailbox in self.model.standing and not link.sent.left)
        path = {"withdraw": link.withdraw, "disown": link.disown}.get(act, f"{link.own}/{act}")
        assert self.campaign.press(path).status_code == 303
        self.model.leave(link.sent)

    @precondition(lambda self: len(self.model.invalidations) < len(COUNTRIES))
    @rule(data=st.data())
    def invalidate(self, data: st.DataObject) -> None:
        country = data.draw(st.sampled_from([one for one in COUNTRIES if one not in self.model.invalidations]))
        with self.app.app_context():
            vault().prepare(SITE)
            petition = services.get(self.campaign.id)
            found = invalidation_services.prepare(petition, {"country": country}, actor="olga@example.org")
            invalidation_services.start(found, actor="olga@example.org", reason="A wave.")
            db.session.commit()
            self.model.invalidate(country, found.id)
        self.work()

    @precondition(lambda self: self.model.invalidations)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        country = data.draw(st.sampled_from(sorted(self.model.invalidations)))
        with self.app.app_context():
            found = invalidation_services.get(services.get(self.campaign.id), self.model.invalidations[country][0])
            invalidation_services.undo(found, actor="olga@example.org")
            db.session.commit()
        self.model.undo(country)
        self.work()

    @invariant()
    def the_numbers_are_the_model_s(self) -> None:
        columns = (Signature.country, Signature.source, Signature.confirmed_at, Signature.method)
        valid = (Signature.petition_id == self.campaign.id, Signature.state == SignatureState.VALID)
        with self.app.app_context():
            assert tallies.drift() == {}
            while tallies.fold():
                pass
            rows = db.session.execute(select(*columns).where(*valid)).all()
            stored = numbers_of(
                [(code, source, f"{at:%Y-%m-%dT%H}", method.value) for code, source, at, method in rows]
            )
            assert tallies.numbers(self.campaign.id) == stored == self.model.numbers


def test_whatever_is_done_in_whatever_order_the_number_is_the_number_of_valid_signatures(app: Flask) -> None:
    bounded = settings(
        max_examples=8, stateful_step_count=20, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    happened: Counter[str] = Counter()
    run_state_machine_as_test(lambda: Signing(app, happened), settings=bounded)  # type: ignore[no-untyped-call]
    assert happened.keys() >= MUST_HAPPEN
