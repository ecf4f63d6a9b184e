"""What came out of a replay, style by style."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from bench.stuffing.people import Sent
from bench.stuffing.replay import BEGIN, Replay
from core.db import db
from petitions.abuse.models import Signal
from petitions.counting import tallies
from petitions.models import Signature, Submission
from petitions.states import REVIEWED, HeldReason, SignatureState, SubmissionState


@dataclass
class Style:
    """Of one style: how many were sent, held at any time, confirmed at any time, taken out, counted in the end."""

    sent: int = 0
    held: int = 0
    lost: int = 0
    confirmed: int = 0
    taken_out: int = 0
    counted: int = 0
    minutes: float | None = None


def styles(replay: Replay) -> dict[str, Style]:
    """Held: by a rule that an organiser reviews, at any time; lost: held and then discarded, or held to the end."""
    found: defaultdict[str, Style] = defaultdict(Style)
    first: dict[str, float] = {}
    states = dict(db.session.execute(select(Signature.public_id, Signature.state)).tuples().all())
    columns = (Submission.public_id, Submission.state, Submission.held_reason, Submission.released_at)
    for public_id, state, reason, released in db.session.execute(select(*columns)):
        one, style = replay.sent[public_id], found[replay.sent[public_id].style]
        held = released is not None or state == SubmissionState.DISCARDED or reason in REVIEWED
        style.sent += 1
        style.held += held
        style.lost += state == SubmissionState.DISCARDED or (state == SubmissionState.HELD and reason in REVIEWED)
        style.confirmed += public_id in states
        style.taken_out += states.get(public_id) == SignatureState.INVALIDATED
        style.counted += states.get(public_id) == SignatureState.VALID
        first[one.style] = min(first.get(one.style, one.at), one.at)
    for name, moment in _told(replay.sent).items():
        found[name].minutes = (moment - first[name]) / 60
    return dict(found)


def _told(sent: Mapping[str, Sent]) -> dict[str, float]:
    """Style → when the first signal was told whose rows are mostly of it, in seconds from the start."""
    told: dict[str, float] = {}
    for signal in db.session.scalars(select(Signal).order_by(Signal.id.desc())):
        rows = db.session.scalars(select(Submission.public_id).where(Submission.cluster_id == signal.cluster_id)).all()
        counts: defaultdict[str, int] = defaultdict(int)
        for public_id in rows:
            counts[sent[public_id].style] += 1
        if counts:
            style = max(counts, key=lambda name: counts[name])
            told[style] = (signal.created_at - BEGIN) / timedelta(seconds=1)
    return told


def count_error(petition_id: int) -> int:
    """How far the number shown is from the signatures that count."""
    valid = select(func.count()).where(Signature.state == SignatureState.VALID, Signature.petition_id == petition_id)
    return abs(tallies.total(petition_id) - (db.session.scalar(valid) or 0)) + sum(map(abs, tallies.drift().values()))


def table(found: Mapping[str, Style]) -> str:
    head = "| style | sent | held | held for good | confirmed | taken out | counted | counted, % | minutes to signal |"
    lines = [head, "|---|" + "---|" * 8]
    for name in sorted(found, key=lambda key: (not key.startswith("honest"), key)):
        style = found[name]
        minutes = "–" if style.minutes is None or name.startswith("honest") else f"{style.minutes:.0f}"
        lines.append(
            f"| {name} | {style.sent} | {style.held} | {style.lost} | {style.confirmed} | {style.taken_out} | {style.counted}"
            f" | {100 * style.counted / style.sent:.1f} | {minutes} |"
        )
    return "\n".join(lines)


def aims(found: Mapping[str, Style], error: int) -> str:
    """The aims beside what came out."""
    honest = [style for name, style in found.items() if name.startswith("honest")]
    false = {name: style for name, style in found.items() if not name.startswith("honest")}
    counted = {name: 100 * style.counted / style.sent for name, style in false.items()}
    late = {name: style.minutes for name, style in false.items() if style.minutes is None or style.minutes > 10}
    held = 100 * sum(style.held for style in honest) / sum(style.sent for style in honest)
    over = ", ".join(f"{name} {percent:.1f} %" for name, percent in counted.items() if percent > 1)
    told = ", ".join(f"{name}: {'never' if minutes is None else round(minutes)}" for name, minutes in late.items())
    rest = [percent for percent in counted.values() if percent <= 1]
    lines = [
        "| aim | measured | met |", "|---|---|---|",
        f"| <= 1 % of a style's fakes counted | at most {max(rest, default=0):.1f} %; over it: {over or 'none'} "
        f"| {_met(not over)} |",
        f"| <= 0.5 % of the honest held | {held:.2f} %; {sum(style.lost for style in honest)} for good, "
        f"{sum(style.taken_out for style in honest)} taken out | {_met(held <= 0.5)} |",
        f"| <= 10 minutes to the signal | over it: {told or 'none'} | {_met(not late)} |",
        f"| count error 0 | {error} | {_met(not error)} |",
    ]  # fmt: skip
    return "\n".join(lines)


def _met(yes: bool) -> str:
    return "yes" if yes else "**no**"


def signals_told(petition_id: int) -> list[str]:
    """Each signal with how many rows it has; none any more where it was called no wave."""
    told = db.session.scalars(select(Signal).where(Signal.petition_id == petition_id).order_by(Signal.id))
    return [f"{one.kind} {one.value} {one.submissions}" for one in told]


def held_by_reason(replay: Replay) -> dict[str, int]:
    """Honest rows that are discarded or held at the end, by what held them; discarded ones keep their reason."""
    counts: defaultdict[str, int] = defaultdict(int)
    for public_id, reason in db.session.execute(
        select(Submission.public_id, Submission.held_reason).where(Submission.held_reason.is_not(None))
    ):
        if replay.sent[public_id].honest and reason is not None:
            counts[HeldReason(reason).value] += 1
    return dict(counts)
