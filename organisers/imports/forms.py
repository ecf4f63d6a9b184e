"""Forms of an import: the file, what its columns are, the yes to it, and a line that is to go."""

from typing import Any, Self
from zoneinfo import available_timezones

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import FileField, ValidationError
from wtforms.validators import InputRequired, NumberRange

from organisers.fields import Choice, OfficeForm, Whole, country, line
from organisers.imports.words import FIELDS, ORDERS, ORIGINS

NAMES = ("name", "first_name", "last_name")


class ImportFileForm(OfficeForm):
    label = line(_l("Name of the file (optional)"), 120)
    country_default = country(_l("Country of lines that have none (optional)"))
    file = FileField(_l("File"))

    def validate_file(self, field: FileField) -> None:
        if not getattr(field.data, "filename", ""):
            raise ValidationError(_("Choose the file that the other system exported."))


class MeaningForm(OfficeForm):
    """Which column is what. `of` builds one for a file: the choices are its columns' names."""

    origin = Choice(_l("Where the signatures come from"), choices=list(ORIGINS.items()))
    country_default = country(_l("Country of lines that have none (optional)"))
    zone = Choice(_l("Time zone of the dates"))
    order = Choice(_l("How dates are written"), choices=list(ORDERS.items()))
    name = Choice(FIELDS["name"])
    first_name = Choice(FIELDS["first_name"])
    last_name = Choice(FIELDS["last_name"])
    email = Choice(FIELDS["email"])
    country = Choice(FIELDS["country"])
    city = Choice(FIELDS["city"])
    postal_code = Choice(FIELDS["postal_code"])
    affiliation = Choice(FIELDS["affiliation"])
    comment = Choice(FIELDS["comment"])
    signed_on = Choice(FIELDS["signed_on"])
    updates = Choice(FIELDS["updates"])
    no_mail = Choice(FIELDS["no_mail"])
    confirmed = Choice(FIELDS["confirmed"])

    @classmethod
    def of(cls, headings: list[str], **given: Any) -> Self:
        form = cls(**given)
        named = [
            (str(place), _("Column %(number)s: %(text)s", number=place + 1, text=text[:40]))
            for place, text in enumerate(headings)
        ]
        for field in FIELDS:
            form[field].choices = [("", _("Not in the file")), *named]
        form.zone.choices = [(zone, zone) for zone in sorted(available_timezones())]
        return form

    def validate_name(self, field: Choice) -> None:
        if not any(self[name].data for name in NAMES):
            raise ValidationError(_("Choose the column in which the name stands."))

    def meaning(self) -> dict[str, Any]:
        """What the worker reads the file by."""
        columns = {field: int(self[field].data) for field in FIELDS if self[field].data}
        country_default = self.country_default.data or ""
        return {"columns": columns, "zone": self.zone.data, "order": self.order.data, "country": country_default}


class LineForm(OfficeForm):
    line = Whole(
        _l("Number of the line in the file"),
        [
            InputRequired(_l("Write the number of the line.")),
            NumberRange(2, 10_000_000, _l("Write the number of a line.")),
        ],
    )
