"""The public forms of petitions: signing, the mail's code, and the buttons that links lead to."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired

from core import countries
from core.forms import NO, Clean, PublicForm
from core.mailboxes import mail_domains
from core.switches import switches
from core.text import clean_line, clean_name, clean_text
from petitions import consent
from petitions.models import Petition
from petitions.states import Visibility

TEXTS: dict[str, tuple[Callable[[str, int], str], int]] = {
    "name": (clean_name, 120), "email": (mail_domains.clean, 254), "postal_code": (clean_line, 20), "role": (clean_name, 100),
    "affiliation": (clean_name, 200), "comment": (clean_text, 500), "source": (clean_line, 40),
}  # fmt: skip


COUNTRY_OFF = _l(
    "For the time being we take no signatures from this country. It has nothing to do with you, and nothing was saved. "
    "Please come back later."
)


class Signing(NamedTuple):
    """What somebody sends. `person` is sealed: name, email, postal_code, role, affiliation, comment, updates, may_ask.

    `trapped`: the field that people do not see was filled; `proof`: of work, as the browser sent it, or ''."""

    country: str
    visibility: Visibility
    source: str
    person: dict[str, Any]
    trapped: bool
    proof: str


class SignForm(PublicForm):
    name = StringField(_l("Full name"), [Clean(*TEXTS["name"]), DataRequired(_l("Enter your full name."))])
    email = EmailField(
        _l("Email address"),
        [InputRequired(_l("Enter an email address like name@example.org.")), Clean(*TEXTS["email"])],
    )
    country = SelectField(
        _l("Country"), [InputRequired(_l("Choose the country that you live in."))], validate_choice=False
    )
    role = StringField(_l("Role (optional)"), [Clean(*TEXTS["role"])])
    affiliation = StringField(_l("Organisation (optional)"), [Clean(*TEXTS["affiliation"])])
    postal_code = StringField(_l("Postal code (optional)"), [Clean(*TEXTS["postal_code"])])
    comment = TextAreaField(_l("Why you are signing (optional)"), [Clean(*TEXTS["comment"])])
    visibility = RadioField(_l("Who may see my name"), validate_choice=False)
    updates = BooleanField(_l("Email me when something happens in this case"), false_values=NO)
    may_ask = BooleanField(_l("An official who checks the list may ask me by email whether I signed"), false_values=NO)
    source = HiddenField(validators=[Clean(*TEXTS["source"])])
    website = StringField(_l("Leave this field empty: it is not for people"))
    altcha = HiddenField()

    def __init__(self, petition: Petition, **given: Any) -> None:
        super().__init__(**given)
        if not self.is_submitted():
            self.visibility.data = petition.visibility_default.value

    def offer(self, petition: Petition) -> None:
        """Puts the choices into words, for a page that shows them; a signing that succeeds never needs them."""
        self.country.choices = [("", _l("Choose a country")), *countries.choices()]
        self.visibility.choices = [(choice.value, sentence) for choice, sentence in consent.sentences(petition).items()]

    def validate_country(self, field: SelectField) -> None:
        if not countries.known(field.data or ""):
            raise ValidationError(_l("Choose the country that you live in."))
        if field.data in switches().countries_off:
            raise ValidationError(COUNTRY_OFF)

    def validate_visibility(self, field: RadioField) -> None:
        if field.data not in list(Visibility):
            raise ValidationError(_l("Choose who may see your name."))

    def signing(self) -> Signing:
        """What is stored: exactly these fields, whatever else was sent."""
        names = ("name", "email", "postal_code", "role", "affiliation", "comment", "updates", "may_ask")
        person, visibility = {name: self[name].data for name in names}, Visibility(self.visibility.data)
        trapped, proof = bool(self.website.data), self.altcha.data or ""
        return Signing(self.country.data, visibility, self.source.data or "", person, trapped, proof)


class ChoiceForm(PublicForm):
    """Asks once more who may see the name, where `choices` are given; whoever was shown the question must answer it."""

    asked = HiddenField()
    visibility = RadioField(_l("Who may see my name"), validate_choice=False)

    def __init__(self, petition: Petition, choices: Sequence[Visibility] = (), **given: Any) -> None:
        super().__init__(**given)
        sentences = consent.sentences(petition)
        self.visibility.choices = [(choice.value, sentences[choice]) for choice in choices]

    def validate_visibility(self, field: RadioField) -> None:
        if field.choices and self.asked.data and field.data not in [choice[0] for choice in field.choices]:
            raise ValidationError(_l("Choose who may see your name."))

    @property
    def narrow_to(self) -> Visibility | None:
        """`counted` where the person thought better of showing a name."""
        return Visibility.COUNTED if self.visibility.data == Visibility.COUNTED else None


class CodeForm(ChoiceForm):
    """The mail's code, typed on the thanks page by who cannot open the link here."""

    t = HiddenField()
    code = StringField(
        _l("Code from the mail"),
        [InputRequired(_l("Enter the eight characters from the mail.")), Clean(clean_line, 20)],
    )


class ActForm(ChoiceForm):
    """One button; and the choice about the name where it is asked again."""
