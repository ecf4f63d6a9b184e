"""Everything that the office's first page shows: what waits, what comes, and what there is, as far as one's roles reach."""

from collections.abc import Sequence
from typing import Any

from cases.models import Case
from cases.safety import review_overdue
from core import relay
from donations import services as donations
from organisers import numbers
from organisers.accounts import presence
from organisers.cases import services as case_services
from organisers.dashboard import dates, work
from organisers.deliveries import services as delivery_services
from organisers.gifts import services as gift_services
from organisers.gifts import words as gift_words
from organisers.moderation import queue
from organisers.moderation import services as moderation_services
from organisers.permissions import JUDGES, READERS, WRITERS
from organisers.petitions import services as petition_services
from petitions.models import Petition


def everything() -> dict[str, Any]:
    """By the names that the template knows."""
    reached = presence.cases_of(READERS)
    petitions, cases = petition_services.list_all(reached), case_services.list_all(reached)
    totals = numbers.totals(petitions)
    submissions = numbers.submissions(petition.id for petition in petitions)
    return {
        "cases": cases, "petitions": petitions, "totals": totals, "confirmed": sum(totals.values()),
        "submissions": submissions, "live": sum(submissions.values(), numbers.Live()),
        "dates": dates.coming(petitions, cases=reached, money=presence.may("office.dispute_list")),
        "work": work.under_way(petitions), "mail": relay.backlog(), "gift_words": gift_words.EVERY,
        "factor_wanted": not presence.has_factor(), "review_overdue": review_overdue,
        "approvals": delivery_services.waiting_for(presence.organiser().id, presence.cases_of(WRITERS)),
        **_to_judge(), **_money(petitions, cases),
        "dead_jobs": numbers.dead_jobs() if presence.may("office.switch_page") else 0,
    }  # fmt: skip


def _to_judge() -> dict[str, Any]:
    judged = presence.cases_of(JUDGES)
    said = queue.attention(judged) if presence.may("office.moderation_room") else None
    return {"moderation": moderation_services.attention(judged), "said": said}


def _money(petitions: Sequence[Petition], cases: Sequence[Case]) -> dict[str, Any]:
    """The part for those who look after the money; nothing for anybody else."""
    if not presence.may("office.books"):
        return {}
    return {
        "raised": numbers.raised(), "gift_sources": numbers.gift_sources(), "events": donations.attention(),
        "disputes": gift_services.open_disputes(), "card_testing": moderation_services.card_testing(),
        "pages": {petition.gift_source: petition.title for petition in petitions},
        "funds": {case.id: case.title for case in cases},
    }  # fmt: skip
