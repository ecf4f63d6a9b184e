"""The office's first page and the audit chain; the other pages stand in views of their own noun."""

from flask import render_template

from cases.safety import review_overdue
from core import audit, relay
from donations import services as donations
from organisers import counting_views, login_views, numbers, search_views  # noqa: F401 - their routes
from organisers.blueprint import office
from organisers.books import views as books_views  # noqa: F401
from organisers.cases import image_views, initials_views, protection_views  # noqa: F401
from organisers.cases import services as case_services
from organisers.cases import views as case_views  # noqa: F401
from organisers.gifts import (
    attention_views,  # noqa: F401
    offline_views,  # noqa: F401
    wall_views,  # noqa: F401
)
from organisers.gifts import services as gift_services
from organisers.gifts import views as gift_views  # noqa: F401
from organisers.gifts import words as gift_words
from organisers.invitations import views as invitation_views  # noqa: F401
from organisers.moderation import giving_views, invalidation_views  # noqa: F401
from organisers.moderation import services as moderation_services
from organisers.moderation import views as moderation_views  # noqa: F401
from organisers.paper import import_views as paper_import_views  # noqa: F401
from organisers.paper import views as paper_views  # noqa: F401
from organisers.petitions import part_views, recipient_views  # noqa: F401
from organisers.petitions import services as petition_services
from organisers.petitions import views as petition_views  # noqa: F401
from organisers.rates import views as rate_views  # noqa: F401
from organisers.retention import views as retention_views  # noqa: F401
from organisers.switches import views as switch_views  # noqa: F401
from organisers.tax import views as tax_views  # noqa: F401

ENTRIES_SHOWN = 100

__all__ = ["office"]


@office.get("/", strict_slashes=False)
def dashboard() -> str:
    petitions = petition_services.list_all()
    totals = numbers.totals(petitions)
    return render_template(
        "office/dashboard.html",
        section="dashboard",
        cases=case_services.list_all(),
        review_overdue=review_overdue,
        petitions=petitions,
        totals=totals,
        confirmed=sum(totals.values()),
        submissions=numbers.submissions(),
        raised=numbers.raised(),
        gift_sources=numbers.gift_sources(),
        events=donations.attention(),
        disputes=gift_services.open_disputes(),
        gift_words=gift_words.EVERY,
        dead_jobs=numbers.dead_jobs(),
        moderation=moderation_services.attention(),
        card_testing=moderation_services.card_testing(),
        mail=relay.backlog(),
    )


@office.get("/audit")
def audit_chain() -> str:
    entries = audit.latest(ENTRIES_SHOWN)
    return render_template("office/audit.html", section="audit", entries=entries, broken_at=audit.find_break())
