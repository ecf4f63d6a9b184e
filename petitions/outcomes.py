"""What became of a petition: delivered, answered, won, archived; and back, to the state that its facts then tell."""

from datetime import date

from core.db import db
from petitions import services
from petitions.models import Petition
from petitions.states import PetitionState
from petitions.updates import announcing
from petitions.updates.counting import reached_somebody
from petitions.updates.models import UpdateKind

S = PetitionState
ANSWERABLE = (S.CLOSED, S.DELIVERED, S.ANSWERED, S.VICTORY)
WINNABLE = (S.OPEN, S.PAUSED, S.CLOSED, S.DELIVERED, S.ANSWERED, S.VICTORY)


def answer(petition: Petition, *, answer: str, answered_on: date, answer_source: str, actor: str) -> None:
    """Notes the official's answer, or corrects it; those who asked for news hear of it once. Raises WrongState."""
    _only_from(petition, ANSWERABLE)
    fresh = petition.answered_on is None
    petition.answer, petition.answered_on, petition.answer_source = answer, answered_on, answer_source
    if petition.state in (S.CLOSED, S.DELIVERED):
        services.move(petition, S.ANSWERED)
    if fresh:
        _announce(petition, UpdateKind.ANSWERED, answer, actor)
    services.forget()


def win(petition: Petition, *, closing_lines: str, won_on: date, actor: str) -> None:
    """Ends it as won, or corrects its closing lines; those who asked for news hear of it once, even where it was taken back
    meanwhile. Raises WrongState."""
    _only_from(petition, WINNABLE)
    fresh = petition.won_on is None
    petition.closing_lines, petition.won_on = closing_lines, won_on
    if petition.state != S.VICTORY:
        services.move(petition, S.VICTORY)
    if fresh:
        _announce(petition, UpdateKind.VICTORY, closing_lines, actor)
    services.forget()


def take_back_answer(petition: Petition, *, actor: str) -> None:
    """There was no answer; its words stay in the form. What has not been mailed about it is not. Raises WrongState."""
    _only_from(petition, (S.ANSWERED,))
    announcing.withdraw(petition, UpdateKind.ANSWERED, actor=actor)
    petition.answered_on = None
    services.move(petition, told_by_facts(petition))


def take_back_victory(petition: Petition, *, actor: str) -> None:
    """It was not won; it stays closed. Raises WrongState."""
    _only_from(petition, (S.VICTORY,))
    announcing.withdraw(petition, UpdateKind.VICTORY, actor=actor)
    petition.won_on = None
    services.move(petition, told_by_facts(petition))


def unarchive(petition: Petition) -> None:
    """Back to what it was before. Raises WrongState."""
    _only_from(petition, (S.ARCHIVED,))
    services.move(petition, told_by_facts(petition))
    if petition.state == S.DRAFT:  # nobody has signed it: archiving ended nothing
        petition.closes_at = None


def told_by_facts(petition: Petition) -> PetitionState:
    """The state of a petition that takes no signatures, by what is known to have happened to it."""
    facts = (
        (petition.won_on, S.VICTORY), (petition.answered_on, S.ANSWERED), (petition.delivered_at, S.DELIVERED),
        (petition.published_at, S.CLOSED),
    )  # fmt: skip
    return next((state for fact, state in facts if fact is not None), S.DRAFT)


def _only_from(petition: Petition, states: tuple[PetitionState, ...]) -> None:
    """Locks the row, so that nobody moves it meanwhile."""
    db.session.refresh(petition, with_for_update=True)
    if petition.state not in states:
        raise services.WrongState(petition.state)


def _announce(petition: Petition, kind: UpdateKind, words: str, actor: str) -> None:
    """Once: where anybody may have been told before it was taken back, nobody is told again."""
    before = announcing.of_kind(petition, kind)
    if not any(map(reached_somebody, before)):
        key = f"{kind}:{petition.public_id}:{len(before) + 1}"
        announcing.announce(petition, kind, actor=actor, key=key, context={"words": words})
