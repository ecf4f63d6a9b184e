"""A petition as the public reads it: nothing while its case is frozen, initials for names while it is blurred."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask_babel import gettext as _
from sqlalchemy.orm.attributes import set_committed_value

from cases import veil
from cases.services import CaseFrozen
from petitions.models import Petition
from petitions.versions.models import PetitionVersion

TEXTS = ("title", "ask", "letter", "answer", "closing_lines", "first_signatory", "first_signatory_role")
VERSION_TEXTS = ("first_signatory", "first_signatory_role", "reason")


def shown(petition: Petition) -> Petition:
    """The same row, showing what it may show now. Raises CaseFrozen."""
    if petition.case.frozen_at:
        raise CaseFrozen(petition.case.slug)
    veil.put_on(petition.case, petition.case.events, [(petition, TEXTS)])
    if petition.case.blurred_at:
        set_committed_value(petition, "answer_source", "")  # what was published elsewhere may name anybody
    return petition


def title(petition: Petition) -> str:
    """How a mail or a page behind a mailed link calls the petition now: these go on while its case is frozen."""
    if petition.case.frozen_at:
        return _("a petition that is frozen for safety")
    return veil.shown(petition.case, petition.title)


def behind_link(petition: Petition) -> Petition:
    """The same row for a page behind a mailed link, which takes signatures back even while the case is frozen: then without
    a word of it, nor to whom it goes."""
    if petition.case.frozen_at:
        set_committed_value(petition, "title", title(petition))
        set_committed_value(petition, "recipients", [])
        return petition
    return shown(petition)


def version(petition: Petition, row: PetitionVersion) -> PetitionVersion:
    """An older text of it, with initials where its case is blurred."""
    for column in VERSION_TEXTS:
        veil.cover(petition.case, row, column)
    texts = {
        language: {name: veil.shown(petition.case, words) for name, words in said.items()}
        for language, said in row.texts.items()
    }
    set_committed_value(row, "texts", texts)
    return row


@contextmanager
def as_public(petition: Petition) -> Iterator[None]:
    """Shows a blurred petition as the public reads it, until the block ends."""
    with veil.taken_off_after([(petition, TEXTS)]):
        for column in TEXTS:
            veil.cover(petition.case, petition, column)
        yield
