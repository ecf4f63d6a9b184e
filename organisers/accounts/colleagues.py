"""Who has an account and what for: roles given and taken away, accounts closed and opened again; one owner always stays."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import joinedload

from cases.models import Case
from core import audit
from core.db import RowNotFound, db, insert
from organisers.accounts import links, sessions
from organisers.accounts.models import Membership, OfficeRole
from organisers.models import Organiser

OF_THE_WHOLE_SITE = (OfficeRole.OWNER, OfficeRole.TREASURER)


class NotFound(RowNotFound):
    """No such account, or no such role of it."""


class HeldEverywhere(ValueError):
    """The role is held in every case already: to narrow it, it must be taken away first."""


class LastOwner(ValueError):
    """Nobody else could look after the accounts: another owner must be made first."""


def get(organiser_id: int) -> Organiser:
    """An account, open or closed. Raises NotFound."""
    organiser = db.session.get(Organiser, organiser_id)
    if organiser is None:
        raise NotFound(organiser_id)
    return organiser


def list_all() -> Sequence[Organiser]:
    """Every account, the open ones first."""
    return db.session.scalars(select(Organiser).order_by(Organiser.active.desc(), Organiser.email)).all()


def memberships() -> dict[int, list[Membership]]:
    """What each account may, by its id."""
    found: dict[int, list[Membership]] = {}
    rows = select(Membership).options(joinedload(Membership.case)).order_by(Membership.role, Membership.id)
    for membership in db.session.scalars(rows):
        found.setdefault(membership.organiser_id, []).append(membership)
    return found


def give_role(organiser: Organiser, role: OfficeRole, case_ids: Iterable[int], *, actor: str) -> None:
    """The organiser has this role and no other; of these cases, or without any of all. Raises LastOwner."""
    if role != OfficeRole.OWNER:
        _keep_an_owner(organiser)
    db.session.execute(delete(Membership).where(Membership.organiser_id == organiser.id))
    add_role(organiser, role, case_ids, actor=actor)


def add_role(organiser: Organiser, role: OfficeRole, case_ids: Iterable[int], *, actor: str) -> None:
    """The organiser has this role besides others: in these cases too, or without any in every one. Raises HeldEverywhere."""
    reached = _reached(role, case_ids)
    held = select(Membership.case_id).where(Membership.organiser_id == organiser.id, Membership.role == role)
    before = set(db.session.scalars(held))
    if None in before and None not in reached:
        raise HeldEverywhere
    if None in reached:  # what was for some cases stands in what is for every one
        narrow = (Membership.organiser_id == organiser.id, Membership.role == role, Membership.case_id.is_not(None))
        db.session.execute(delete(Membership).where(*narrow))
    rows = [{"organiser_id": organiser.id, "role": role, "case_id": case_id} for case_id in reached]
    if rows:
        db.session.execute(insert(Membership).values(rows).on_conflict_do_nothing())
    cases = [case_id for case_id in reached if case_id is not None]
    audit.record("organiser.role_given", organiser.email, actor=actor, role=role.value, cases=cases)


def take_role(organiser: Organiser, membership_id: int, *, actor: str) -> None:
    """The organiser no longer has this role in this case, or in every one. Raises NotFound, LastOwner."""
    membership = db.session.get(Membership, membership_id)
    if membership is None or membership.organiser_id != organiser.id:
        raise NotFound(membership_id)
    if membership.role == OfficeRole.OWNER:
        _keep_an_owner(organiser)
        links.drop_invitations_of(organiser, actor=actor)
    gone = delete(Membership).where(Membership.id == membership_id).returning(Membership.role, Membership.case_id)
    taken = db.session.execute(gone).one_or_none()
    if taken is None:
        raise NotFound(membership_id)
    cases = [taken.case_id] if taken.case_id else []
    audit.record("organiser.role_taken", organiser.email, actor=actor, role=taken.role.value, cases=cases)


def close(organiser: Organiser, *, actor: str) -> None:
    """Nobody enters with this account until it is opened again; its sessions end, and whom it invited stays out.

    Raises LastOwner."""
    _keep_an_owner(organiser)
    links.drop_invitations_of(organiser, actor=actor)
    organiser.active = False
    sessions.end_all(organiser)
    audit.record("organiser.closed", organiser.email, actor=actor)


def reopen(organiser: Organiser, *, actor: str) -> None:
    organiser.active = True
    audit.record("organiser.reopened", organiser.email, actor=actor)


def owners(*, but: Organiser | None = None) -> Sequence[Organiser]:
    """Owners with an open account."""
    query = select(Organiser).join(Membership).where(Membership.role == OfficeRole.OWNER, Organiser.active.is_(True))
    return db.session.scalars(query.where(Organiser.id != (but.id if but else 0)).order_by(Organiser.id)).all()


def with_roles(roles: Collection[OfficeRole], *, case_id: int | None = None) -> Sequence[Organiser]:
    """Open accounts with one of these roles for every case, or for this one: whom the site writes to about it."""
    of_case = or_(Membership.case_id.is_(None), Membership.case_id == case_id)
    query = select(Organiser).join(Membership).where(Membership.role.in_(roles), of_case, Organiser.active.is_(True))
    return db.session.scalars(query.distinct().order_by(Organiser.id)).all()


def _keep_an_owner(organiser: Organiser) -> None:
    """Raises LastOwner where nobody else is one; two owners who take each other's role at once are put in a row."""
    everybody = update(Membership).where(Membership.role == OfficeRole.OWNER).values(role=OfficeRole.OWNER)
    db.session.execute(everybody, execution_options={"synchronize_session": False})
    if not owners(but=organiser):
        raise LastOwner


def _reached(role: OfficeRole, case_ids: Iterable[int]) -> list[int | None]:
    """The cases that a role is given for, None for every one; those that have gone since are no reason to widen it."""
    named = [] if role in OF_THE_WHOLE_SITE else list(case_ids)
    if not named:
        return [None]
    return list(db.session.scalars(select(Case.id).where(Case.id.in_(named)).order_by(Case.id)))
