"""Switches that organisers turn while the site runs: what is off, what the mail server takes; read once a second a process."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import JSON, Connection, String, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from core import audit, clock
from core.db import Base, UTCDateTime, db, insert
from core.remembered import Remembered


class Switch(Base):
    """A switch that was turned; one that has no row stands as `Switches` says."""

    __tablename__ = "switches"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by: Mapped[str] = mapped_column(String(254))


@dataclass(frozen=True)
class Switches:
    """How everything stands. `mails_an_hour` and `mails_a_day` are what the mail provider allows; None: no limit.

    `portal`: the configuration of Stripe's customer portal.
    `proof`, `giving_proof`: whether signing, giving asks for a proof of work: auto (under attack), on, off.
    `refund_fraud`: whether a payment that its bank warns of is given back at once.
    `licence`: under which the site's own texts may be used; '' where nothing is said.
    `second_person`: whether a delivery waits for another organiser's yes: auto (where there is another one), on, off.
    `sampling`: whether officials may ask for a sample of a list's signatories."""

    signing: bool = True
    giving: bool = True
    comments: bool = True
    mailing: bool = True
    countries_off: tuple[str, ...] = ()
    proof: str = "auto"
    giving_proof: str = "auto"
    refund_fraud: bool = False
    mails_an_hour: int | None = None
    mails_a_day: int | None = None
    portal: str = ""
    licence: str = ""
    second_person: str = "auto"
    sampling: bool = False

    def takes_from(self, country: str) -> bool:
        """Whether anybody may sign from there now, as far as the switches go."""
        return self.signing and country not in self.countries_off


def switches() -> Switches:
    """The switches as they stood at most a second ago."""
    return _standing.get(None)


def gifts_taken() -> bool:
    """Whether this site has a Stripe key, and its organisers have not switched giving off."""
    return current_app.config["UNDERSIGNED"].giving and switches().giving


def licence() -> str:
    """The licence of the site's texts, for every page's foot; '' while the database is away: the page that says so asks."""
    try:
        return switches().licence
    except SQLAlchemyError:
        return ""


def _read(connection: Connection, nothing: None) -> Switches:
    known = {field.name for field in fields(Switches)}
    rows = connection.execute(select(Switch.name, Switch.value).where(Switch.name.in_(known)))
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in rows}
    return Switches(**values)


_standing: Remembered[None, Switches] = Remembered(_read)


def turn(*, actor: str, **values: Any) -> None:
    """Turns switches in the current transaction, noted in the audit chain; unknown names raise TypeError."""
    known = asdict(Switches(**values))
    for name in sorted(values):
        row = {"name": name, "value": known[name], "changed_at": clock.now(), "changed_by": actor}
        kept = insert(Switch).values(row)
        db.session.execute(kept.on_conflict_do_update(index_elements=["name"], set_=row))
        audit.record("switch.turned", name, actor=actor, value=known[name])
    forget()


def forget() -> None:
    """Drops what this process remembers."""
    _standing.forget()
