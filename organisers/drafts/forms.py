"""Forms of a file of cases or petitions: the file, and what its columns are."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import FileField, HiddenField, ValidationError

from cases.models import Case
from organisers.drafts.models import DraftKind
from organisers.drafts.words import OF_CASES, OF_PETITIONS
from organisers.fields import Choice, OfficeForm, country, line
from organisers.imports.words import ORDERS
from organisers.petitions.forms import language_choices


class DraftFileForm(OfficeForm):
    label = line(_l("Name of the file (optional)"), 120)
    file = FileField(_l("File"))

    def validate_file(self, field: FileField) -> None:
        if not getattr(field.data, "filename", ""):
            raise ValidationError(_("Choose the file that the other system exported."))


class ColumnsForm(OfficeForm):
    """`draft` is the file itself, sealed; the two below have a choice for each column that there may be."""

    draft = HiddenField()
    label = line(_l("Name of the file (optional)"), 120)
    fields: Mapping[str, Any] = {}

    @classmethod
    def of(cls, headings: Sequence[str], cases: Sequence[Case], **given: Any) -> Self:
        """The form of a file whose columns are called so."""
        form = cls(**given)
        named = [
            (str(place), _("Column %(number)s: %(text)s", number=place + 1, text=text[:40]))
            for place, text in enumerate(headings)
        ]
        for field in form.fields:
            form[form.name_of(field)].choices = [("", _("Not in the file")), *named]
        if "case_default" in form:
            form["case_default"].choices = [("", _("None")), *((str(case.id), case.title) for case in cases)]
        return form

    @staticmethod
    def name_of(field: str) -> str:
        return f"{field}_column"

    def columns(self) -> dict[str, int]:
        """Field → column, of those that the file has."""
        return {field: int(self[self.name_of(field)].data) for field in self.fields if self[self.name_of(field)].data}

    def validate_title_column(self, field: Choice) -> None:
        if not field.data:
            raise ValidationError(_("Choose the column in which the title stands."))


class CaseColumnsForm(ColumnsForm):
    fields = OF_CASES
    country_default = country(_l("State concerned, of lines that have none (optional)"))


class PetitionColumnsForm(ColumnsForm):
    fields = OF_PETITIONS
    case_default = Choice(_l("Case of lines that name none (optional)"))
    language_default = Choice(_l("Language of lines that name none"), choices=language_choices, default="en")
    order = Choice(_l("How dates are written"), choices=list(ORDERS.items()), default="ymd")


for _form in (CaseColumnsForm, PetitionColumnsForm):
    for _name, _label in _form.fields.items():
        setattr(_form, ColumnsForm.name_of(_name), Choice(_label))

FORMS: Mapping[DraftKind, type[ColumnsForm]] = {
    DraftKind.CASES: CaseColumnsForm, DraftKind.PETITIONS: PetitionColumnsForm,
}  # fmt: skip
