"""What organisers turn on and off while the site runs, and their word on mail domains; every act goes into the audit chain."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from core import audit, clock, switches
from core.db import RowNotFound, db, insert
from petitions.abuse.models import DomainRule
from petitions.states import RuleAction


class NoSuchRule(RowNotFound):
    """Nobody has said anything about this domain."""


class Turned(NamedTuple):
    """Names of the switches that were turned, and of those that stand otherwise than the organiser's page showed."""

    changed: list[str]
    meanwhile: list[str]


def turn(*, actor: str, was: Mapping[str, Any], **values: Any) -> Turned:
    """Turns those switches that stand otherwise; `was` is what a page showed, and what stands on it unchanged is left alone,
    however it stands by now."""
    now = _now()
    wanted = {name: value for name, value in values.items() if was[name] != value}
    changed = {name: value for name, value in wanted.items() if getattr(now, name) != value}
    if changed:
        switches.turn(actor=actor, **changed)
    others = [name for name, value in was.items() if name not in wanted and getattr(now, name) != value]
    return Turned(sorted(changed), sorted(others))


def turn_country(country: str, *, on: bool, actor: str) -> None:
    """Takes signatures from a country again, or no more."""
    now = _now()
    others = set(now.countries_off) - {country}
    off = tuple(sorted(others if on else others | {country}))
    if off != now.countries_off:
        switches.turn(actor=actor, countries_off=off)


def _now() -> switches.Switches:
    """How everything stands: another process may have turned one within this second."""
    switches.forget()
    return switches.switches()


def domain_rules() -> list[DomainRule]:
    """Every rule, by domain."""
    return list(db.session.scalars(select(DomainRule).order_by(DomainRule.domain)))


def set_rule(domain: str, *, action: RuleAction, reason: str, actor: str) -> None:
    """Holds or trusts a domain and what lies in it; a rule that stood there is replaced."""
    row = {"domain": domain, "action": action, "reason": reason, "created_by": actor, "created_at": clock.now()}
    kept = insert(DomainRule).values(row)
    db.session.execute(kept.on_conflict_do_update(index_elements=["domain"], set_=row))
    audit.record("domain_rule.set", domain, actor=actor, action=action.value, reason=reason)


def remove_rule(domain: str, *, actor: str) -> None:
    """Raises NoSuchRule."""
    gone = db.session.execute(
        delete(DomainRule).where(DomainRule.domain == domain).returning(DomainRule.domain)
    ).scalar()
    if gone is None:
        raise NoSuchRule(domain)
    audit.record("domain_rule.removed", domain, actor=actor)
