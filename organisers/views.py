"""The office's first page and the audit chain; the other pages stand in views of their own noun."""

from flask import render_template

from core import audit, relay
from donations import services as donations
from organisers import (  # noqa: F401 - their routes
    case_services,
    case_views,
    counting_views,
    invalidation_views,
    invitation_views,
    login_views,
    moderation_services,
    moderation_views,
    numbers,
    paper_import_views,
    paper_views,
    part_views,
    petition_services,
    petition_views,
    recipient_views,
    retention_views,
    search_views,
    switch_views,
)
from organisers.blueprint import office

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
        petitions=petitions,
        totals=totals,
        confirmed=sum(totals.values()),
        submissions=numbers.submissions(),
        raised=numbers.raised(),
        events=donations.attention(),
        dead_jobs=numbers.dead_jobs(),
        moderation=moderation_services.attention(),
        mail=relay.backlog(),
    )


@office.get("/audit")
def audit_chain() -> str:
    entries = audit.latest(ENTRIES_SHOWN)
    return render_template("office/audit.html", section="audit", entries=entries, broken_at=audit.find_break())
