"""What keeps a petition honest: rules for mail domains, signals of waves, invalidations."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, BigId, UTCDateTime
from core.types import one_of
from petitions.states import HeldReason, InvalidationState, RuleAction, SignalKind


class DomainRule(Base):
    """An organiser's word on a mail domain: hold whoever signs from it, or trust it whatever the other rules say."""

    __tablename__ = "domain_rules"
    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    action: Mapped[RuleAction] = mapped_column(one_of(RuleAction))
    reason: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class HeldJudgement(Base):
    """That a judgement of the held queue was of this submission, and why it had been held: so that it can be undone."""

    __tablename__ = "held_judgements"
    judgement_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    submission_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    reason: Mapped[HeldReason] = mapped_column(one_of(HeldReason))
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)


class Signal(Base):
    """A wave that was noticed: what was unusual, between when and when, and the cluster id that its rows carry from then on.

    `value` names a country or a domain shared by many; never a person."""

    __tablename__ = "signals"
    __table_args__ = (Index("ix_signals_petition_id_kind_value", "petition_id", "kind", "value"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"))
    kind: Mapped[SignalKind] = mapped_column(one_of(SignalKind))
    value: Mapped[str] = mapped_column(String(253), default="")
    cluster_id: Mapped[str] = mapped_column(String(16), unique=True)
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    submissions: Mapped[int] = mapped_column(Integer)
    expected: Mapped[float] = mapped_column(Float)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    settled_by: Mapped[str | None] = mapped_column(String(254))


class Invalidation(Base):
    """Signatures taken out of the count by a condition, in batches from `cursor` on; it can be cancelled and undone.

    The condition may name a person's name or a domain, so it is sealed to the site; `criteria` are its names alone."""

    __tablename__ = "invalidations"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True)
    petition_id: Mapped[int] = mapped_column(ForeignKey("petitions.id"), index=True)
    state: Mapped[InvalidationState] = mapped_column(one_of(InvalidationState), default=InvalidationState.PREVIEW)
    key_id: Mapped[str] = mapped_column(String(16))
    data_key_id: Mapped[str] = mapped_column(String(16))
    blob: Mapped[bytes] = mapped_column(LargeBinary)
    criteria: Mapped[list[Any]] = mapped_column(JSON, default=list)
    reason: Mapped[str] = mapped_column(Text, default="")
    found: Mapped[int | None] = mapped_column(Integer)
    cursor: Mapped[int] = mapped_column(Integer, default=0)
    last: Mapped[int | None] = mapped_column(Integer)
    taken: Mapped[int] = mapped_column(Integer, default=0)
    created_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
