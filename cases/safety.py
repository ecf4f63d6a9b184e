"""May a case be told of? Whoever is named has agreed, or somebody for them, and a day to look at the risk again lies ahead."""

import secrets
from collections.abc import Sequence
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import select

from cases.models import Case, CaseStatus, Consent, ConsentBasis, ConsentMeans, Person
from core import clock
from core.db import db
from core.vault import SITE, Sealed, vault

SEALED_CONTEXT = "undersigned/case-consent/v1"


class NotSafe(ValueError):
    """A case cannot be published yet; `reasons` are sentences for the organiser."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


def consents(case: Case) -> Sequence[Consent]:
    """What is recorded for the case, in the order in which it was given."""
    return db.session.scalars(
        select(Consent).where(Consent.case_id == case.id).order_by(Consent.given_on, Consent.id)
    ).all()


def missing(case: Case) -> list[str]:
    """What must be recorded before the case or a petition of it is published, as sentences; none when all is there."""
    recorded = {consent.person_id for consent in consents(case)}
    reasons = []
    if None not in recorded:  # one for the whole case speaks for everybody in it
        alone = [person for person in case.people if person.id not in recorded]
        reasons += [_("Record who agreed that this site tells of %(name)s.", name=person.name) for person in alone]
        if not case.people:
            reasons.append(_("Record who agreed to a public campaign for this case."))
    if review_due(case):
        reasons.append(_("Set a day that lies ahead, on which you look at the risk again."))
    return reasons


def review_due(case: Case) -> bool:
    """Whether it is time to look at the risk of this case again."""
    return case.review_on is None or case.review_on <= clock.now().date()


def review_overdue(case: Case) -> bool:
    """review_due of a case that the public sees."""
    return case.status != CaseStatus.DRAFT and review_due(case)


def need(case: Case) -> None:
    """Raises NotSafe unless nothing is missing."""
    if reasons := missing(case):
        raise NotSafe(reasons)


def record(
    case: Case,
    *,
    person: Person | None,
    basis: ConsentBasis,
    means: ConsentMeans,
    given_on: date,
    note: str,
    recorded_by: str,
) -> Consent:
    """Writes down a consent, its note sealed. The caller has prepared the vault for SITE."""
    public_id = secrets.token_urlsafe(16)
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, {"note": note})
    consent = Consent(
        public_id=public_id, case_id=case.id, person_id=person and person.id, basis=basis, means=means, given_on=given_on,
        key_id=box.key_id, data_key_id=box.data_key_id, blob=box.blob, recorded_by=recorded_by,
    )  # fmt: skip
    db.session.add(consent)
    db.session.flush()
    return consent


def open_note(consent: Consent) -> str:
    """What was noted with a consent; needs the keystore."""
    if consent.blob is None:
        return ""
    sealed = Sealed(str(consent.key_id), str(consent.data_key_id), consent.blob)
    return str(vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=consent.public_id)["note"])
