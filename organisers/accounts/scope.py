"""What an organiser's roles reach: which pages, and of which cases."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVarTuple

from sqlalchemy import Select, select

from core.db import db
from organisers.accounts.models import Membership, OfficeRole
from organisers.models import Organiser

Row = TypeVarTuple("Row")
Cases = frozenset[int] | None  # ids; None: every case there is


@dataclass(frozen=True)
class Scope:
    """Pairs of a role and the case that it is for; None stands for every case."""

    held: frozenset[tuple[OfficeRole, int | None]]

    def has(self, roles: Collection[OfficeRole], *, everywhere: bool = False) -> bool:
        """Whether one of these roles is held, in whatever case; `everywhere`: in every one."""
        return any(role in roles and not (everywhere and case_id) for role, case_id in self.held)

    def cases(self, roles: Collection[OfficeRole]) -> Cases:
        """The cases in which one of these roles is held."""
        found = {case_id for role, case_id in self.held if role in roles}
        return None if None in found else frozenset(case_id for case_id in found if case_id)

    def reaches(self, case_id: int | None, roles: Collection[OfficeRole]) -> bool:
        """Whether one of these roles is held in this case; what belongs to no case only roles for every case reach."""
        reached = self.cases(roles)
        return reached is None or case_id in reached


NOTHING = Scope(frozenset())


def scope_of(organiser: Organiser) -> Scope:
    rows = db.session.execute(
        select(Membership.role, Membership.case_id).where(Membership.organiser_id == organiser.id)
    )
    return Scope(frozenset((role, case_id) for role, case_id in rows))


def visible(query: Select[*Row], column: Any, cases: Cases) -> Select[*Row]:
    """The query narrowed to these cases; `column` holds a row's case."""
    return query if cases is None else query.where(column.in_(cases))


def among(rows: Iterable[Any], cases: Cases, case_of: Any) -> list[Any]:
    """Of the rows at hand those of these cases."""
    return [row for row in rows if cases is None or case_of(row) in cases]
