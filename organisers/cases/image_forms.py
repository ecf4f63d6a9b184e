"""Forms of a picture: a new one, and the words that go with it."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import ValidationError

from cases.models import Case, Person
from organisers.fields import Choice, OfficeForm, line


class ImageWordsForm(OfficeForm):
    alt = line(_l("What is to be seen"), 300, _l("Say in a sentence what is to be seen, for who cannot see it."))
    credit = line(_l("Credit and licence"), 200, _l("Say who took the picture, and by what right this site shows it."))


class ImageForm(ImageWordsForm):
    picture = FileField(_l("Picture"))
    person = Choice(_l("Of whom"))

    def __init__(self, case: Case, **given: Any) -> None:
        super().__init__(**given)
        self.people = {str(person.id): person for person in case.people}
        self.person.choices = [("", _("Of the case")), *((key, person.name) for key, person in self.people.items())]

    def validate_picture(self, field: FileField) -> None:
        if not field.data:
            raise ValidationError(_("Choose a picture in JPEG, PNG or WebP."))

    @property
    def of_whom(self) -> Person | None:
        return self.people.get(self.person.data or "")
