"""The forms of a signatory's own page, and the one that asks for a link to it."""

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, RadioField, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired

from core.addresses import clean_address
from core.forms import Clean, PublicForm
from core.text import clean_name
from petitions import consent, services
from petitions.own_page.services import FROZEN, Standing
from petitions.states import Visibility


class ButtonForm(PublicForm):
    """One button and nothing to fill in."""


class NarrowForm(PublicForm):
    """The narrower choices; a wider one is refused with what its owner can do instead."""

    visibility = RadioField(_l("Who may see my name from now on"), validate_choice=False)

    def __init__(self, standing: Standing, **given: Any) -> None:
        super().__init__(**given)
        self.current = standing.row and standing.row.visibility
        sentences = consent.sentences(standing.petition)
        self.visibility.choices = [(choice.value, sentences[choice]) for choice in standing.narrower]
        self.allowed = [*standing.narrower, self.current]

    def validate_visibility(self, field: RadioField) -> None:
        if field.data not in list(Visibility):
            raise ValidationError(_l("Choose who may see your name from now on."))
        if self.current and field.data not in self.allowed:
            raise ValidationError(
                _l(
                    "Your name cannot be shown to more people than you agreed to. "
                    "If you want that, withdraw your signature and sign again with the other choice."
                )
            )


class UpdatesForm(PublicForm):
    """Two buttons: the present choice is sealed, so the page cannot know which of them would change something."""

    updates = HiddenField()

    def validate_updates(self, field: HiddenField) -> None:
        if field.data not in ("yes", "no"):
            raise ValidationError(_l("Press one of the two buttons."))

    @property
    def wanted(self) -> bool:
        return self.updates.data == "yes"


class NameForm(PublicForm):
    """What shall stand from now on, all of it: the page cannot show what stands there now."""

    name = StringField(_l("Full name"), [Clean(clean_name, 120), DataRequired(_l("Enter your full name."))])
    role = StringField(_l("Role (optional)"), [Clean(clean_name, 100)])
    affiliation = StringField(_l("Organisation (optional)"), [Clean(clean_name, 200)])

    def person(self) -> dict[str, Any]:
        """What is sealed anew: exactly these fields."""
        return {"name": self.name.data, "role": self.role.data or "", "affiliation": self.affiliation.data or ""}


class LinkForm(PublicForm):
    """Asks for a link by mail; `petition` is a slug, or FROZEN: of frozen ones nothing is named, and one may be meant."""

    petition = SelectField(_l("Petition"), validate_choice=False)
    email = EmailField(
        _l("Email address that you signed with"),
        [InputRequired(_l("Enter an email address like name@example.org.")), Clean(clean_address, 254)],
    )

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        titles = [(one.slug, one.title) for one in services.list_public() if not one.invited_only]  # they have a link
        if services.list_frozen():
            titles.append((FROZEN, _l("One that is frozen for safety")))
        self.slugs = [slug for slug, _title in titles]
        self.petition.choices = [("", _l("Choose the petition")), *titles] if len(titles) != 1 else titles

    def validate_petition(self, field: SelectField) -> None:
        if field.data not in self.slugs:
            raise ValidationError(_l("Choose the petition that you signed."))


def _button(standing: Standing, **given: Any) -> PublicForm:
    return ButtonForm(**given)


FORMS: dict[str, Callable[..., PublicForm]] = {
    "visibility": NarrowForm,
    "updates": lambda standing, **given: UpdatesForm(**given),
    "name": lambda standing, **given: NameForm(**given),
    "data": _button, "links": _button, "notable": _button, "withdraw": _button, "erase": _button,
    "disown": _button,
}  # fmt: skip
