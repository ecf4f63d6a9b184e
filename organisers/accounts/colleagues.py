"""Who has an account and what for: roles given and changed, accounts closed and opened again; one owner always stays."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, or_, select, update

from cases.models import Case
from core import audit
from core.db import RowNotFound, db
from organisers.accounts import sessions
from organisers.accounts.models import Membership, OfficeRole
from organisers.models import Organiser

OF_THE_WHOLE_SITE = (OfficeRole.OWNER, OfficeRole.TREASURER)


class NotFound(RowNotFound):
    """No such account."""


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
    for membership in db.session.scalars(select(Membership).order_by(Membership.id)):
        found.setdefault(membership.organiser_id, []).append(membership)
    return found


def give_role(organiser: Organiser, role: OfficeRole, case_ids: Iterable[int], *, actor: str) -> None:
    """The organiser has this role and no other; of these cases, or without any of all. Raises LastOwner."""
    if role != OfficeRole.OWNER:
        _keep_an_owner(organiser)
    db.session.execute(delete(Membership).where(Membership.organiser_id == organiser.id))
    kept = _known(case_ids) if role not in OF_THE_WHOLE_SITE else []
    rows = [{"case_id": case_id} for case_id in kept] or [{}]
    db.session.add_all(Membership(organiser_id=organiser.id, role=role, **row) for row in rows)
    db.session.flush()
    audit.record("organiser.role_given", organiser.email, actor=actor, role=role.value, cases=kept)


def close(organiser: Organiser, *, actor: str) -> None:
    """Nobody enters with this account until it is opened again; its sessions end. Raises LastOwner."""
    _keep_an_owner(organiser)
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


def _known(case_ids: Iterable[int]) -> list[int]:
    """Those that there are: a case may have gone since."""
    return list(db.session.scalars(select(Case.id).where(Case.id.in_(list(case_ids))).order_by(Case.id)))
