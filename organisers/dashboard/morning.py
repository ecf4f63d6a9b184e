"""Everything that the office's first page shows."""

from typing import Any

from core import relay
from donations import services as donations
from organisers import numbers
from organisers.cases import services as case_services
from organisers.dashboard import dates, work
from organisers.gifts import services as gift_services
from organisers.gifts import words as gift_words
from organisers.moderation import services as moderation_services
from organisers.petitions import services as petition_services


def everything() -> dict[str, Any]:
    """By the names that the template knows."""
    petitions, cases = petition_services.list_all(), case_services.list_all()
    totals, submissions = numbers.totals(petitions), numbers.submissions()
    return {
        "cases": cases, "petitions": petitions, "totals": totals, "confirmed": sum(totals.values()),
        "submissions": submissions, "live": sum(submissions.values(), numbers.Live()),
        "dates": dates.coming(petitions), "work": work.under_way(petitions),
        "pages": {petition.gift_source: petition.title for petition in petitions},
        "funds": {case.id: case.title for case in cases}, "raised": numbers.raised(),
        "gift_sources": numbers.gift_sources(), "events": donations.attention(),
        "disputes": gift_services.open_disputes(), "gift_words": gift_words.EVERY, "dead_jobs": numbers.dead_jobs(),
        "moderation": moderation_services.attention(), "card_testing": moderation_services.card_testing(),
        "mail": relay.backlog(),
    }  # fmt: skip
