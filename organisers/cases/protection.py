"""What keeps the people of a case safe: consents, the day of the next review, freezing and blurring; all of it audited."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from cases import safety
from cases.models import Case, Consent
from core import audit, clock
from core.db import db
from organisers.cases.services import NotFound, renew_consent_texts
from petitions.updates import services as updates

SHIELDS: Mapping[str, tuple[str, bool]] = {
    "freeze": ("frozen_at", True), "unfreeze": ("frozen_at", False),
    "blur": ("blurred_at", True), "unblur": ("blurred_at", False),
}  # fmt: skip
DONE = {"freeze": "frozen", "unfreeze": "unfrozen", "blur": "blurred", "unblur": "unblurred"}


def shield(case: Case, act: str, *, actor: str) -> int:
    """Freezes or blurs a case, or ends that; what is so already stays as it is. Public pages follow within a second.

    Updates on their way are paused, and stay so until an organiser lets them go on: how many."""
    column, on = SHIELDS[act]
    setattr(case, column, (getattr(case, column) or clock.now()) if on else None)
    db.session.flush()
    renew_consent_texts(case)
    audit.record(f"case.{DONE[act]}", case.slug, actor=actor)
    return updates.pause_all(case, actor=actor) if on else 0


def get_consent(case: Case, consent_id: int) -> Consent:
    """A consent of this very case. Raises NotFound."""
    consent = db.session.get(Consent, consent_id)
    if consent is None or consent.case_id != case.id:
        raise NotFound(consent_id)
    return consent


def record_consent(case: Case, *, actor: str, **given: Any) -> None:
    """Writes a consent down, as safety.record takes it. The caller has prepared the vault for SITE."""
    consent = safety.record(case, recorded_by=actor, **given)
    audit.record("consent.recorded", case.slug, actor=actor, id=consent.id, basis=consent.basis.value)


def open_note(consent: Consent, case: Case, *, actor: str) -> str:
    """The note of a consent, and an entry that somebody has read it."""
    audit.record("consent.opened", case.slug, actor=actor, id=consent.id)
    return safety.open_note(consent)


def withdraw_consent(consent: Consent, case: Case, *, actor: str) -> None:
    """Deletes a consent that was taken back, its note with it; the audit chain keeps that there was one."""
    audit.record("consent.withdrawn", case.slug, actor=actor, id=consent.id, basis=consent.basis.value)
    db.session.delete(consent)
    db.session.flush()


def set_review(case: Case, day: date, *, actor: str) -> None:
    """The risk was looked at; it will be again on this day."""
    case.review_on = day
    db.session.flush()
    audit.record("case.reviewed", case.slug, actor=actor, next=day.isoformat())
