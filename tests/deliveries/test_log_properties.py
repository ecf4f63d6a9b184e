"""For any growth and any way out: what is delivered is in the log, what was signed stays a prefix, what is erased is gone."""

from collections import Counter
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from core.db import db
from deliveries.log import leaves, services
from petitions import list_services, signature_services
from petitions.models import Signature
from petitions.own_page import services as own_page_services
from petitions.states import ExitReason, SignatureState, Visibility
from tests.deliveries.sealed_signatures import add_signature, check_checkpoints, log_of, logged, recomputed, reseal
from tests.factories import make_petition

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
PICKS = st.integers(0, 99)
WAYS_OUT = st.sampled_from(list(ExitReason))


class Life(RuleBasedStateMachine):
    """A petition's life, with a log that is brought up to date now and then; each example has a petition of its own."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.context = self.app.app_context()
        self.context.push()
        self.petition = make_petition()
        self.seen: list[bytes] = []  # what somebody copied of the log
        self.packs: list[dict[int, Any]] = []  # the lines of packs, whose secrets a recipient holds
        self.gone: set[int] = set()
        self.set_aside: list[int] = []

    def teardown(self) -> None:
        db.session.rollback()
        self.context.pop()

    def pick(self, number: int, *conditions: Any) -> Signature | None:
        mine = select(Signature).where(Signature.petition_id == self.petition.id, *conditions).order_by(Signature.id)
        rows = db.session.scalars(mine.execution_options(populate_existing=True)).all()
        return rows[number % len(rows)] if rows else None

    @rule(name=NAMES, visibility=st.sampled_from(list(Visibility)), many=st.integers(1, 3))
    def sign(self, name: str, visibility: Visibility, many: int) -> None:
        for _ in range(many):
            add_signature(self.petition, visibility, name=name)
        db.session.commit()

    @rule(number=PICKS, reason=WAYS_OUT)
    def leave(self, number: int, reason: ExitReason) -> None:
        row = self.pick(number, Signature.state.in_((SignatureState.VALID, SignatureState.INVALIDATED)))
        if row is not None:
            self.gone.add(row.id)
            signature_services.leave(self.petition.id, row.email_index, reason)
            db.session.commit()

    @rule(number=PICKS, to=st.sampled_from([Visibility.RECIPIENTS, Visibility.COUNTED]))
    def narrow(self, number: int, to: Visibility) -> None:
        row = self.pick(number, Signature.state == SignatureState.VALID)
        if row is not None:
            own_page_services.replay(f"{own_page_services.NARROWED}{to.value}", row.public_id)
            db.session.commit()

    @rule(number=PICKS, name=NAMES)
    def correct(self, number: int, name: str) -> None:
        row = self.pick(number, Signature.blob.is_not(None))
        if row is not None:
            reseal(self.petition, row, name=name)
            db.session.commit()

    @rule(number=PICKS)
    def change_key(self, number: int) -> None:
        row = self.pick(number, Signature.blob.is_not(None))
        if row is not None:
            reseal(self.petition, row)
            db.session.commit()

    @rule(number=PICKS)
    def invalidate(self, number: int) -> None:
        row = self.pick(number, Signature.state == SignatureState.VALID)
        if row is not None:
            row.state, row.public_name = SignatureState.INVALIDATED, None
            db.session.commit()

    @rule(number=PICKS)
    def give_back(self, number: int) -> None:
        row = self.pick(number, Signature.state == SignatureState.INVALIDATED)
        if row is not None:
            row.state = SignatureState.VALID
            db.session.commit()

    @rule(zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"]))
    def move(self, zone: str) -> None:
        self.petition.time_zone = zone
        db.session.commit()

    @rule()
    def day_ends(self) -> None:
        services.append(self.petition)
        services.checkpoint(self.petition)
        db.session.commit()
        assert not self.gone & logged(self.petition).keys(), "who left is still known by a leaf"

    @rule()
    def deliver(self) -> None:
        services.append(self.petition, thorough=True)
        signed = services.checkpoint(self.petition)
        db.session.commit()
        log, found = log_of(self.petition), recomputed(self.petition)
        assert len(found) == list_services.listed(self.petition)
        assert set(found.values()) <= set(log[: signed.size]), "a delivered line is not in the log"
        episodes = dict(services.episodes(self.petition.id))
        self.packs.append(
            {
                line.signature_id: (line, episodes[line.signature_id])
                for line in list_services.signatures_for(self.petition)
            }
        )

    @rule()
    def nothing_happens(self) -> None:
        """What is up to date stays as it is."""
        services.append(self.petition)
        before = log_of(self.petition)
        services.append(self.petition)
        assert log_of(self.petition) == before

    @invariant()
    def everything_that_was_copied_is_a_prefix(self) -> None:
        log = log_of(self.petition)
        assert log[: len(self.seen)] == self.seen
        self.seen = log
        check_checkpoints(self.petition, log)

    @invariant()
    def each_leaf_stands_once(self) -> None:
        assert not [leaf for leaf, times in Counter(self.seen).items() if times > 1]

    @invariant()
    def nobody_who_left_can_be_opened(self) -> None:
        for row in db.session.scalars(select(Signature).where(Signature.id.in_(self.gone)).order_by(Signature.id)):
            assert row.blob is None and row.email_index is None

    @invariant()
    def no_pack_tells_which_leaf_took_a_line_back(self) -> None:
        """From a pack's secret nobody makes the leaf that ends its line, not even with the line itself in hand."""
        log = set(self.seen)
        for line, episode in (one for pack in self.packs for one in pack.values()):
            secret = leaves.secret_of(line.salt, episode)
            values = services.logged_values(line)
            bound = leaves.Bound(self.petition.public_id, line.public_id, line.text)
            marks = leaves.marks_of(secret, values)
            assert leaves.leaf(leaves.leaf_key(secret), bound, marks, leaves.REMOVE) not in log
            assert leaves.leaf(leaves.leaf_key(secret), bound, marks) in log


def test_whatever_happens_the_log_holds(app: Flask) -> None:
    machine = type("Life", (Life,), {"app": app})
    quick = settings(max_examples=12, stateful_step_count=18, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=quick)  # type: ignore[no-untyped-call]
