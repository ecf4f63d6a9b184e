"""The office's first page and the audit chain; the other pages stand in views of their own noun."""

from collections.abc import Sequence
from typing import Any

from flask import render_template

from cases.models import Case
from cases.safety import review_overdue
from core import audit, audit_checks, relay
from donations import services as donations
from organisers import (  # noqa: F401 - their routes
    counting_views,
    login_views,
    numbers,
    preview_views,
    search_views,
)
from organisers.accounts import (
    account_views,  # noqa: F401
    colleague_views,  # noqa: F401
    factor_views,  # noqa: F401
    presence,
    proof_views,  # noqa: F401
)
from organisers.blueprint import office
from organisers.books import views as books_views  # noqa: F401
from organisers.cases import image_views, initials_views, protection_views  # noqa: F401
from organisers.cases import services as case_services
from organisers.cases import views as case_views  # noqa: F401
from organisers.dashboard import morning
from organisers.gifts import (
    attention_views,  # noqa: F401
    offline_views,  # noqa: F401
    wall_views,  # noqa: F401
)
from organisers.gifts import views as gift_views  # noqa: F401
from organisers.gifts import words as gift_words
from organisers.imports import views as import_views  # noqa: F401
from organisers.invitations import views as invitation_views  # noqa: F401
from organisers.moderation import comment_views, giving_views, invalidation_views, queue, room_views  # noqa: F401
from organisers.moderation import services as moderation_services
from organisers.moderation import views as moderation_views  # noqa: F401
from organisers.paper import import_views as paper_import_views  # noqa: F401
from organisers.paper import views as paper_views  # noqa: F401
from organisers.permissions import JUDGES, READERS
from organisers.petitions import outcome_views, part_views, recipient_views, translation_views  # noqa: F401  # noqa: F401
from organisers.petitions import services as petition_services
from organisers.petitions import views as petition_views  # noqa: F401
from organisers.rates import views as rate_views  # noqa: F401
from organisers.retention import views as retention_views  # noqa: F401
from organisers.site import views as site_views  # noqa: F401
from organisers.switches import views as switch_views  # noqa: F401
from organisers.tax import views as tax_views  # noqa: F401
from organisers.updates import views as update_views  # noqa: F401
from petitions.models import Petition

ENTRIES_SHOWN = 100

__all__ = ["office"]


@office.get("/", strict_slashes=False)
def dashboard() -> str:
    """What waits, what comes, and what there is, as far as the organiser's roles reach."""
    reached = presence.cases_of(READERS)
    petitions, cases = petition_services.list_all(reached), case_services.list_all(reached)
    totals = numbers.totals(petitions)
    submissions = numbers.submissions(petition.id for petition in petitions)
    return render_template(
        "office/dashboard.html", section="dashboard", cases=cases, petitions=petitions, totals=totals,
        confirmed=sum(totals.values()), submissions=submissions, live=sum(submissions.values(), numbers.Live()),
        dates=dates.coming(petitions, cases=reached, money=presence.may("office.dispute_list")),
        work=work.under_way(petitions), mail=relay.backlog(), gift_words=gift_words.EVERY,
        moderation=moderation_services.attention(presence.cases_of(JUDGES)),
        said=queue.attention(presence.cases_of(JUDGES)) if presence.may("office.moderation_room") else None,
        dead_jobs=numbers.dead_jobs() if presence.may("office.switch_page") else 0,
        factor_wanted=not presence.has_factor(), review_overdue=review_overdue, **_money(petitions, cases),
    )  # fmt: skip
    return render_template("office/dashboard.html", section="dashboard", **morning.everything())


@office.get("/audit")
def audit_chain() -> str:
    entries = audit.latest(ENTRIES_SHOWN)
    return render_template("office/audit.html", section="audit", entries=entries, chain=audit_checks.standing())


def _money(petitions: Sequence[Petition], cases: Sequence[Case]) -> dict[str, Any]:
    """The dashboard's part for those who look after the money; nothing for anybody else."""
    if not presence.may("office.books"):
        return {}
    return {
        "raised": numbers.raised(), "gift_sources": numbers.gift_sources(), "events": donations.attention(),
        "disputes": gift_services.open_disputes(), "card_testing": moderation_services.card_testing(),
        "pages": {petition.gift_source: petition.title for petition in petitions},
        "funds": {case.id: case.title for case in cases},
    }  # fmt: skip
