"""Files of cases and petitions: told what would come in, made into drafts in one transaction, taken back as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import null, select
from sqlalchemy.orm import selectinload

from cases.models import Case, CaseStatus, Person
from core import audit, slugs
from core.db import RowNotFound, db, insert
from organisers.accounts.scope import Cases
from organisers.cases.forms import RESERVED
from organisers.cases.services import unique_slug
from organisers.drafts.models import DraftImport, DraftImportRow, DraftKind
from organisers.drafts.reading import Draft, Meaning, read_all
from organisers.drafts.standing import state_of
from organisers.paper.countries import plain
from petitions import services as petitions
from petitions.imports.services import Line
from petitions.models import Petition
from petitions.paper.services import among

TABLES: Mapping[DraftKind, type[Case] | type[Petition]] = {DraftKind.CASES: Case, DraftKind.PETITIONS: Petition}


class DraftImportNotFound(RowNotFound):
    """No such import, or one of cases that are another's."""


@dataclass(frozen=True)
class Checked:
    """What would be made, and line and sentence of what stays out; `there`: how many of these are here already."""

    good: list[Draft]
    left_out: list[tuple[int, str]]
    there: int


def check(lines: Sequence[Line], meaning: Meaning, *, cases: Sequence[Case] = (), chosen: int | None = None) -> Checked:
    """Reads every row, changing nothing. A petition goes to the case that it names among these, or to the chosen one."""
    drafts = read_all(lines, meaning)
    if meaning.kind == DraftKind.PETITIONS:
        _find_cases(drafts, cases, chosen)
    sound = [draft for draft in drafts if not draft.errors]
    known = _known(meaning.kind, sound)
    left_out = [(draft.number, " ".join(draft.errors)) for draft in drafts if draft.errors]
    good: list[Draft] = []
    seen: dict[bytes, int] = {}
    there = 0
    for draft in sound:
        mark = draft.mark(meaning.kind)
        if mark in seen:
            left_out.append((draft.number, _("The same stands on line %(number)s.", number=seen[mark])))
        elif mark in known:
            there += 1
            left_out.append((draft.number, _("It is here already, as “%(title)s”.", title=known[mark])))
        else:
            seen[mark] = draft.number
            good.append(draft)
    return Checked(good, sorted(left_out), there)


def make(checked: Checked, kind: DraftKind, *, once: str, label: str, actor: str) -> DraftImport:
    """Makes the drafts, once for each sending: a repeated one gives the import that there is. Raises SlugTaken."""
    made = insert(DraftImport).on_conflict_do_nothing(index_elements=["public_id"]).returning(DraftImport.id)
    columns = {"public_id": once, "kind": kind, "label": label, "created_by": actor}
    import_id = db.session.scalar(made, {**columns, "made": len(checked.good), "left_out": checked.left_out})
    if import_id is None:
        return db.session.scalars(select(DraftImport).where(DraftImport.public_id == once)).one()
    taken = {*db.session.scalars(select(TABLES[kind].slug)), *(RESERVED if kind == DraftKind.CASES else ())}
    with unique_slug():
        pairs = [(draft, _made(kind, draft, taken)) for draft in checked.good]
    db.session.add_all([_row(import_id, kind, draft, made_of) for draft, made_of in pairs])
    names = [made_of.slug for _draft, made_of in pairs]
    audit.record(f"{kind}.imported", f"import:{import_id}", actor=actor, left_out=len(checked.left_out), slugs=names)
    db.session.flush()
    return db.session.get_one(DraftImport, import_id)


def get(import_id: int, *, reach: Cases, owner: bool) -> DraftImport:
    """An import of these cases; one of cases is for owners. Raises DraftImportNotFound."""
    found = db.session.get(DraftImport, import_id, options=_options())
    if found is None or not _reached(found, reach, owner):
        raise DraftImportNotFound(import_id)
    return found


def list_of(*, reach: Cases, owner: bool) -> list[DraftImport]:
    """The imports of these cases, the newest first."""
    found = db.session.scalars(select(DraftImport).options(*_options()).order_by(DraftImport.id.desc()))
    return [one for one in found if _reached(one, reach, owner)]


def _reached(found: DraftImport, reach: Cases, owner: bool) -> bool:
    if found.kind == DraftKind.CASES:
        return owner
    return reach is None or (bool(found.rows) and {row.case_id for row in found.rows} <= reach)


def _options() -> tuple[Any, ...]:
    rows = selectinload(DraftImport.rows)
    return rows.selectinload(DraftImportRow.case), rows.selectinload(DraftImportRow.petition)


def _find_cases(drafts: Sequence[Draft], cases: Sequence[Case], chosen: int | None) -> None:
    by_slug = {case.slug: case.id for case in cases}
    by_title: dict[str, list[int]] = {}
    for case in cases:
        by_title.setdefault(plain(case.title), []).append(case.id)
    for draft in drafts:
        if draft.case:
            named = by_title.get(plain(draft.case), [])
            draft.case_id = by_slug.get(draft.case) or (named[0] if len(named) == 1 else None)
        else:
            draft.case_id = chosen
        if draft.case_id is None and draft.case:
            draft.errors.append(
                _("No case of yours has this title or address, or several have. Write the case’s address.")
            )
        elif draft.case_id is None:
            draft.errors.append(_("There is no case on this line. Choose one for all lines without, or write it."))


def _known(kind: DraftKind, drafts: Sequence[Draft]) -> dict[bytes, str]:
    """Mark → title of what is here: by the title that it has, or under which it came in."""
    wanted = {draft.mark(kind) for draft in drafts}
    marks = among(select(DraftImportRow.mark), DraftImportRow.mark, wanted)
    titles = {draft.mark(kind): str(draft.values["title"]) for draft in drafts}
    known = {bytes(mark): titles[bytes(mark)] for mark in marks}
    here = select(Case.title, null()) if kind == DraftKind.CASES else select(Petition.title, Petition.case_id)
    for title, case_id in db.session.execute(here):
        mark = Draft(0, {"title": title}, case_id=case_id).mark(kind)
        if mark in wanted:
            known[mark] = title
    return known


def _made(kind: DraftKind, draft: Draft, taken: set[str]) -> Case | Petition:
    """A draft, as the forms would make it: a case is dangerous until its safety questions are answered."""
    slug = slugs.free(draft.values["slug"], taken)
    taken.add(slug)
    values = {**draft.values, "slug": slug}
    if kind == DraftKind.PETITIONS:
        return petitions.create(db.session.get_one(Case, draft.case_id), recipients=draft.people, **values)
    people = [Person(position=place, **person) for place, person in enumerate(draft.people, start=1)]
    case = Case(status=CaseStatus.DRAFT, dangerous=True, people=people, **values)
    db.session.add(case)
    db.session.flush()
    return case


def _row(import_id: int, kind: DraftKind, draft: Draft, made: Case | Petition) -> DraftImportRow:
    petition_id = made.id if kind == DraftKind.PETITIONS else None
    case_id = draft.case_id if kind == DraftKind.PETITIONS else made.id
    return DraftImportRow(
        import_id=import_id, line=draft.number, mark=draft.mark(kind), state=state_of(made), case_id=case_id,
        petition_id=petition_id,
    )  # fmt: skip
