"""Forms around paper: which pile and which sheet, the file of an import, and which of its columns means what."""

from typing import Any, Self

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FileField, HiddenField, ValidationError

from core import clock
from organisers.fields import Choice, OfficeForm, country, line
from petitions import consent
from petitions.models import Petition
from petitions.paper.sheet import version_shown

FIELDS = {
    "name": _l("Name"), "second_name": _l("Second part of the name"), "country": _l("Country"), "city": _l("Town"),
    "postal_code": _l("Postal code"), "email": _l("Email address"),
}  # fmt: skip


class PileForm(OfficeForm):
    """`sheet` says to which words the people on this pile agreed: those that were printed above their lines."""

    label = line(_l("Name of the pile (optional)"), 120)
    sheet = Choice(_l("Sheet"))

    @classmethod
    def of(cls, petition: Petition, **given: Any) -> Self:
        form = cls(**given)
        stored = [
            (one.digest, clock.day(one.created_at.date(), str(get_locale() or "en")))
            for one in consent.paper_sheets(petition)
        ]
        present = consent.paper_digest(petition)
        known = dict([(present, _("the present one")), *(pair for pair in stored if pair[0] != present)])
        form.sheet.choices = [(digest, f"{version_shown(digest)} ({said})") for digest, said in known.items()]
        return form


class UploadForm(PileForm):
    """`validate_file` only asks that there is one; paper_files says what is wrong within."""

    file = FileField(_l("File"))
    country = country(_l("Country of lines that have none (optional)"))

    def validate_file(self, field: FileField) -> None:
        if not getattr(field.data, "filename", ""):
            raise ValidationError(_("Choose the file in which the sheets were typed."))


class MappingForm(PileForm):
    """The columns' meanings, in the order of FIELDS; `draft` is the file itself, sealed."""

    draft = HiddenField()
    header = BooleanField(_l("The first line of the file has the names of the columns"))
    country_default = country(_l("Country of lines that have none (optional)"))
    name = Choice(FIELDS["name"])
    second_name = Choice(FIELDS["second_name"])
    country = Choice(FIELDS["country"])
    city = Choice(FIELDS["city"])
    postal_code = Choice(FIELDS["postal_code"])
    email = Choice(FIELDS["email"])

    def offer(self, columns: list[str]) -> None:
        """Lets each field be taken from any of the columns."""
        named = [
            (str(place), _("Column %(number)s: %(text)s", number=place + 1, text=text[:40]))
            for place, text in enumerate(columns)
        ]
        for name in FIELDS:
            self[name].choices = [("", _("Not in the file")), *named]

    def validate_name(self, field: Choice) -> None:
        if not field.data:
            raise ValidationError(_("Choose the column that has the names."))

    def mapping(self) -> dict[str, int]:
        """Field → column, of those that the file has."""
        return {name: int(self[name].data) for name in FIELDS if self[name].data}
