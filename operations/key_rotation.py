"""The keys of petitions and of the site in rotation: begun by a command, by a clock, or by an erasure; ended by the worker."""

import logging
from collections.abc import Iterator
from datetime import datetime

from flask import current_app
from sqlalchemy import select

from cases.comments.models import Comment
from cases.comments.services import SEALED_CONTEXT as COMMENT_CONTEXT
from cases.models import Consent
from cases.safety import SEALED_CONTEXT as CONSENT_CONTEXT
from core import rotation
from core.db import db
from core.jobs import SEALED_CONTEXT as JOB_CONTEXT
from core.jobs import Job
from core.reports import SEALED_CONTEXT as REPORT_CONTEXT
from core.reports import Report
from core.rotation import SealedRows
from core.vault import SITE, VaultKey
from deliveries.clerk.models import ClerkLink, DeliveryPaper
from deliveries.models import Delivery
from deliveries.seals import CLERK_CONTEXT, DELIVERY_CONTEXT, PAPER_CONTEXT
from donations.checkout_services import SEALED_CONTEXT as DONATION_CONTEXT
from donations.models import Donation
from donations.offline.models import OfflineGift
from donations.offline.services import SEALED_CONTEXT as OFFLINE_CONTEXT
from donations.own_page.donors import SEALED_CONTEXT as DONOR_CONTEXT
from donations.own_page.models import Donor
from donations.tax.models import TaxReceipt
from donations.tax.seals import SEALED_CONTEXT as TAX_CONTEXT
from organisers.accounts.factors import SEALED_CONTEXT as CODE_CONTEXT
from organisers.accounts.kept_forms import SEALED_CONTEXT as KEPT_CONTEXT
from organisers.accounts.models import CodeApp, KeptForm
from petitions.abuse.invalidation_services import CONTEXT as CONDITION_CONTEXT
from petitions.abuse.models import Invalidation
from petitions.imports.models import ImportPart
from petitions.imports.services import SEALED_CONTEXT as IMPORT_CONTEXT
from petitions.keeping import erasure
from petitions.keeping import rotation as petition_keys
from petitions.models import Petition

log = logging.getLogger(__name__)

SITE_ROWS = (
    SealedRows(Job, JOB_CONTEXT, lost={"state": "dead", "last_error": "key destroyed"}),
    SealedRows(Donation, DONATION_CONTEXT),
    SealedRows(OfflineGift, OFFLINE_CONTEXT),
    SealedRows(Donor, DONOR_CONTEXT),
    SealedRows(TaxReceipt, TAX_CONTEXT),
    SealedRows(Invalidation, CONDITION_CONTEXT),
    SealedRows(CodeApp, CODE_CONTEXT),
    SealedRows(KeptForm, KEPT_CONTEXT),
    SealedRows(Comment, COMMENT_CONTEXT),
    SealedRows(Report, REPORT_CONTEXT),
    SealedRows(ImportPart, IMPORT_CONTEXT),
    SealedRows(Consent, CONSENT_CONTEXT),
    SealedRows(Delivery, DELIVERY_CONTEXT),
    SealedRows(ClerkLink, CLERK_CONTEXT),
    SealedRows(DeliveryPaper, PAPER_CONTEXT),
)


def tend(moment: datetime) -> bool:
    """Goes on with whatever has begun, from wherever it was left; whether a key was destroyed. Commits as it goes."""
    erased = erasure.unfinished()
    for petition in erased:
        erasure.finish(petition, moment, current_app.config["UNDERSIGNED"].mail_folder)
    if _site_is_behind():
        rotation.replace(SITE, moment, same_index=False)
    scopes = {key.scope for key in rotation.retired()}
    return any([go_on(scope, moment) for scope in sorted(scopes)]) or bool(erased)


def go_on(scope: str, moment: datetime) -> bool:
    """Seals anew what the scope's retired keys hold, and destroys those whose time has come; whether there was one."""
    for _ in _steps(scope):
        db.session.commit()
    destroyed = False
    for key in rotation.retired(scope):
        due = rotation.safe_at(key)
        if due is not None and due > moment:
            continue
        try:
            rotation.destroy(key)
            destroyed = True
        except rotation.KeyInUse as error:
            log.error("a retired key stays: %s", error)
    return destroyed


def waiting(scope: str) -> datetime | None:
    """Until when the scope's retired key must wait for processes that still seal to it; None where none waits."""
    return max(filter(None, map(rotation.safe_at, rotation.retired(scope))), default=None)


def _steps(scope: str) -> Iterator[None]:
    if scope == SITE:
        return rotation.reseal(SITE, SITE_ROWS)
    public_id = scope.partition(":")[2]
    petition = db.session.scalar(select(Petition).where(Petition.public_id == public_id))
    return petition_keys.go_on(petition) if petition else iter(())


def _site_is_behind() -> bool:
    """Mails that waited in an old copy are sealed to the site: its pair goes whenever a petition's has gone."""
    site = rotation.active(SITE)
    retired = VaultKey.retired_at > site.created_at if site else VaultKey.retired_at.is_(None)
    gone = select(VaultKey.id).where(VaultKey.scope.startswith("petition:"), retired).limit(1)
    return site is not None and db.session.scalar(gone) is not None
