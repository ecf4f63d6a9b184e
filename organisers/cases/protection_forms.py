"""Forms of a case's safety: a consent, and the day of the next review."""

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, ValidationError
from wtforms.validators import InputRequired

from cases.models import Case, ConsentBasis, ConsentMeans, Person
from core import clock
from organisers.fields import Choice, Day, OfficeForm, Radios, text

BASES = {
    ConsentBasis.PERSON: _l("The person"),
    ConsentBasis.FAMILY: _l("Their family"),
    ConsentBasis.LAWYER: _l("Their lawyer"),
    ConsentBasis.PUBLIC: _l("Nobody was asked: the person, their organisation or the press has published it"),
}
MEANS = {
    ConsentMeans.WRITING: _l("In writing"),
    ConsentMeans.CALL: _l("In a call"),
    ConsentMeans.MEETING: _l("Face to face"),
    ConsentMeans.PUBLISHED: _l("Published"),
}
LONGEST_TIME = timedelta(days=366)


class ConsentForm(OfficeForm):
    person = Choice(_l("For whom"))
    basis = Radios(_l("Who agreed"), [InputRequired(_l("Choose who agreed."))])
    means = Radios(_l("How"), [InputRequired(_l("Choose how it was said."))])
    given_on = Day(_l("When"), [InputRequired(_l("Write the date, like 2010-05-06."))])
    note = text(_l("Note"), 2_000, _l("Say in a sentence what this rests on."))

    def __init__(self, case: Case, **given: Any) -> None:
        super().__init__(**given)
        people = [(str(person.id), person.name) for person in case.people]
        self.person.choices = [("", _("Everybody in this case")), *people]
        self.basis.choices = [(key.value, label) for key, label in BASES.items()]
        self.means.choices = [(key.value, label) for key, label in MEANS.items()]
        self.people = {str(person.id): person for person in case.people}

    def validate_given_on(self, field: DateField) -> None:
        if field.data and field.data > clock.now().date():
            raise ValidationError(_("Write a day that has been: a consent that is still to come does not count."))

    def values(self) -> dict[str, Any]:
        """What protection.record_consent takes."""
        person: Person | None = self.people.get(self.person.data or "")
        basis, means = ConsentBasis(self.basis.data), ConsentMeans(self.means.data)
        return {
            "person": person, "basis": basis, "means": means, "given_on": self.given_on.data, "note": self.note.data,
        }  # fmt: skip


class ReviewForm(OfficeForm):
    review_on = Day(_l("Next review"), [InputRequired(_l("Write the date, like 2010-05-06."))])

    def validate_review_on(self, field: DateField) -> None:
        today = clock.now().date()
        if field.data and not today < field.data <= today + LONGEST_TIME:
            raise ValidationError(_("Choose a day within the next twelve months."))
