"""Whatever is done, in whatever order: the number shown, the number of valid signatures and the model's are one."""

import email
import email.policy
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from core.db import db
from core.vault import SITE, vault
from core.worker import Tick, Worker
from petitions import invalidation_batches, invalidation_services, services, submission_services, tallies
from petitions.models import Signature
from petitions.states import SignatureState, Visibility
from tests.petitions.conftest import LINK, Campaign, make_campaign
from tests.petitions.own_pages import OWN

MAILBOXES = ("ada@example.org", "ben@example.org", "cy@example.org", "dot@example.org")
SPELLINGS = ("{0}@{1}", "{0}+tag@{1}")
COUNTRIES = ("IE", "FR")
NUMBERS = itertools.count(1)


@dataclass(eq=False)
class Sent:
    """One submission as the model knows it. `left`: its owner has taken everything back since it was opened."""

    number: int
    mailbox: str
    country: str
    opened: bool = False
    left: bool = False
    pressed: bool = False


@dataclass(eq=False)
class Standing:
    """A mailbox's signature: of which submission, and whether it counts or an invalidation has taken it."""

    sent: Sent
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
    sent: list[Sent] = field(default_factory=list)
    standing: dict[str, Standing] = field(default_factory=dict)
    invalidations: dict[str, tuple[int, int]] = field(default_factory=dict)  # by country: its id, the last before it

    def confirm(self, sent: Sent) -> None:
        if not sent.left and not sent.pressed:
            sent.pressed = True
            self.standing.setdefault(sent.mailbox, Standing(sent))

    def leave(self, sent: Sent) -> None:
        if not sent.left:
            self.standing.pop(sent.mailbox, None)
            for one in self.sent:
                one.left = one.left or (one.mailbox == sent.mailbox and one.opened)

    def follow(self) -> None:
        """What the worker does by itself: opens what came, and takes late what an invalidation would have taken."""
        for one in self.sent:
            one.opened = True
        for standing in self.standing.values():
            number, before = self.invalidations.get(standing.sent.country, (None, 0))
            if standing.taken_by is None and standing.sent.number <= before:
                standing.taken_by = number

    def undo(self, number: int) -> None:
        for standing in self.standing.values():
            standing.taken_by = None if standing.taken_by == number else standing.taken_by

    @property
    def counted(self) -> Counter[str]:
        return Counter(one.sent.country for one in self.standing.values() if one.taken_by is None)


class Signing(RuleBasedStateMachine):
    links = Bundle("links")

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app, self.model = app, Model()
        self.campaign: Campaign = make_campaign(app)
        with app.app_context():
            tallies.recount()  # what an example before this one has broken is not this one's
        ticks = (submission_services.open_received, invalidation_batches.follow, tallies.fold)
        self.worker = Worker(app.extensions["jobs"].handlers, tuple(Tick(tick, every=0.0) for tick in ticks))
        self.folder: Path = app.config["UNDERSIGNED"].mail_folder
        self.read = set(self.folder.glob("*.eml"))

    @initialize(target=links)
    def begin(self) -> object:
        return multiple(*self.signed(*zip(MAILBOXES[:3], ("IE", "IE", "FR"), strict=True)))

    @rule(mailbox=st.sampled_from(MAILBOXES), spelling=st.sampled_from(SPELLINGS), country=st.sampled_from(COUNTRIES))
    def submit(self, mailbox: str, spelling: str, country: str) -> None:
        sent = Sent(next(NUMBERS), mailbox, country)
        person = {
            "name": f"Person {sent.number} ", "email": spelling.format(*mailbox.split("@")), "postal_code": "", "role": "",
            "affiliation": "", "comment": "", "updates": False, "may_ask": False,
        }  # fmt: skip
        with self.app.app_context():
            petition = services.get(self.campaign.id)
            submission_services.submit(
                petition, country=country, visibility=Visibility.COUNTED, source="", person=person
            )
        self.model.sent.append(sent)

    @rule(target=links)
    def work(self) -> object:
        return multiple(*self.mailed())

    def mailed(self) -> list[Links]:
        """The worker opens, mails, follows and folds; the links of every new mail."""
        self.drain()
        new = sorted(set(self.folder.glob("*.eml")) - self.read)
        self.read |= set(new)
        return list(filter(None, map(self.links_in, new)))

    def links_in(self, path: Path) -> Links | None:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        named = re.search(r"Person (\d+)", text)
        sent = next((one for one in self.model.sent if named and one.number == int(named[1])), None)
        if sent is None:  # of an example before this one
            return None
        acts, own = {purpose: link for link, purpose in LINK.findall(text)}, OWN.search(text)
        return Links(sent, acts.get("confirm"), acts["withdraw"], acts["disown"], own[1])  # type: ignore[index]

    @rule(link=links)
    def confirm(self, link: Links) -> None:
        if link.confirm:
            assert self.campaign.press(link.confirm).status_code == 303
            self.model.confirm(link.sent)

    @rule(target=links, mailbox=st.sampled_from(MAILBOXES), country=st.sampled_from(COUNTRIES))
    def sign(self, mailbox: str, country: str) -> object:
        return multiple(*self.signed((mailbox, country)))

    def signed(self, *wanted: tuple[str, str]) -> list[Links]:
        """The usual way whole, so that there is always somebody to lose."""
        for mailbox, country in wanted:
            self.submit(mailbox, SPELLINGS[0], country)
        new = self.mailed()
        for link in new:
            self.confirm(link)
        return new

    @rule(link=links, act=st.sampled_from(("withdraw", "disown", "own/erase", "own/withdraw")))
    def leave(self, link: Links, act: str) -> None:
        path = {"withdraw": link.withdraw, "disown": link.disown}.get(act, f"{link.own}/{act}")
        assert self.campaign.press(path).status_code == 303
        self.model.leave(link.sent)

    @rule(country=st.sampled_from(COUNTRIES))
    def invalidate(self, country: str) -> None:
        if country in self.model.invalidations:
            return
        with self.app.app_context():
            vault().prepare(SITE)
            petition = services.get(self.campaign.id)
            found = invalidation_services.prepare(petition, {"country": country}, actor="olga@example.org")
            invalidation_services.start(found, actor="olga@example.org", reason="A wave.")
            db.session.commit()
            self.model.invalidations[country] = found.id, max((one.number for one in self.model.sent), default=0)
            taken = {one for one in self.model.standing.values() if one.sent.country == country}
        for standing in taken:
            standing.taken_by = self.model.invalidations[country][0]
        self.drain()

    @precondition(lambda self: self.model.invalidations)
    @rule(country=st.sampled_from(COUNTRIES))
    def undo(self, country: str) -> None:
        if country not in self.model.invalidations:
            return
        number, _ = self.model.invalidations.pop(country)
        with self.app.app_context():
            found = invalidation_services.get(services.get(self.campaign.id), number)
            invalidation_services.undo(found, actor="olga@example.org")
            db.session.commit()
        self.model.undo(number)
        self.drain()

    def drain(self) -> None:
        with self.app.app_context():
            self.worker.drain()
        self.model.follow()

    @invariant()
    def the_number_is_the_model_s(self) -> None:
        with self.app.app_context():
            assert tallies.drift() == {}
            while tallies.fold():
                pass
            valid = (Signature.petition_id == self.campaign.id, Signature.state == SignatureState.VALID)
            counted = db.session.execute(
                select(Signature.country, func.count()).where(*valid).group_by(Signature.country)
            )
            numbers = tallies.numbers(self.campaign.id)
            assert numbers.by_country == {country: count for country, count in counted} == dict(self.model.counted)
            assert numbers.total == self.model.counted.total() == sum(numbers.by_method.values())


def test_whatever_is_done_in_whatever_order_the_number_is_the_number_of_valid_signatures(app: Flask) -> None:
    bounded = settings(
        max_examples=6, stateful_step_count=20, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    first = next(NUMBERS)
    run_state_machine_as_test(lambda: Signing(app), settings=bounded)  # type: ignore[no-untyped-call]
    with app.app_context():
        signed = db.session.scalar(select(func.count()).select_from(Signature)) or 0
    assert next(NUMBERS) > first + 10 and signed > 10  # else the machine has stood still
