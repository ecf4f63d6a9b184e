"""The office's first page and the audit chain; the other pages stand in views of their own noun."""

from flask import render_template

from core import audit, audit_checks
from organisers import (  # noqa: F401 - their routes
    counting_views,
    login_views,
    preview_views,
    search_views,
)
from organisers.accounts import (
    account_views,  # noqa: F401
    colleague_views,  # noqa: F401
    factor_views,  # noqa: F401
    kept_views,  # noqa: F401
    proof_views,  # noqa: F401
)
from organisers.blueprint import office
from organisers.books import views as books_views  # noqa: F401
from organisers.cases import image_views, initials_views, protection_views, translation_views  # noqa: F401
from organisers.cases import views as case_views  # noqa: F401
from organisers.dashboard import morning
from organisers.deliveries import deciding_views as delivery_deciding_views  # noqa: F401
from organisers.deliveries import views as delivery_views  # noqa: F401
from organisers.drafts import views as draft_views  # noqa: F401
from organisers.gifts import (
    attention_views,  # noqa: F401
    offline_views,  # noqa: F401
    wall_views,  # noqa: F401
)
from organisers.gifts import views as gift_views  # noqa: F401
from organisers.imports import views as import_views  # noqa: F401
from organisers.invitations import views as invitation_views  # noqa: F401
from organisers.moderation import comment_views, giving_views, invalidation_views, room_views  # noqa: F401
from organisers.moderation import views as moderation_views  # noqa: F401
from organisers.paper import import_views as paper_import_views  # noqa: F401
from organisers.paper import views as paper_views  # noqa: F401
from organisers.petitions import outcome_views, part_views, recipient_views  # noqa: F401
from organisers.petitions import translation_views as petition_translation_views  # noqa: F401
from organisers.petitions import views as petition_views  # noqa: F401
from organisers.rates import views as rate_views  # noqa: F401
from organisers.record import clerk_views  # noqa: F401
from organisers.record import views as record_views  # noqa: F401
from organisers.retention import views as retention_views  # noqa: F401
from organisers.sampling import views as sampling_views  # noqa: F401
from organisers.site import views as site_views  # noqa: F401
from organisers.switches import views as switch_views  # noqa: F401
from organisers.tax import views as tax_views  # noqa: F401
from organisers.updates import views as update_views  # noqa: F401

ENTRIES_SHOWN = 100

__all__ = ["office"]


@office.get("/", strict_slashes=False)
def dashboard() -> str:
    return render_template("office/dashboard.html", section="dashboard", **morning.everything())


@office.get("/audit")
def audit_chain() -> str:
    entries = audit.latest(ENTRIES_SHOWN)
    return render_template("office/audit.html", section="audit", entries=entries, chain=audit_checks.standing())
