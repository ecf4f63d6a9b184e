"""Forms of accounts: proofs, second factors, colleagues."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from core.forms import Clean
from core.text import clean_line
from organisers.accounts.models import OfficeRole
from organisers.accounts.words import MAY, ROLES
from organisers.fields import OfficeForm, Radios, line
from organisers.login_forms import LONGEST_PASSWORD, address

LONGEST_NAME = 60


class ProofForm(FlaskForm):
    """A six-digit code of an app, or a recovery code."""

    code = StringField(_l("Code"), [Clean(clean_line, 40), DataRequired(_l("Write the code."))])
    next = HiddenField()


class PasswordProofForm(FlaskForm):
    """For accounts without a second factor."""

    password = PasswordField(_l("Password"), [DataRequired(_l("Write your password.")), Length(max=LONGEST_PASSWORD)])
    next = HiddenField()


class PasskeyForm(FlaskForm):
    """What the browser's passkey answered, put in by the page's script."""

    answer = HiddenField()
    next = HiddenField()


class NameForm(FlaskForm):
    name = line(_l("Name"), LONGEST_NAME, _l("Give it a name by which you know it again, like “my phone”."))


class NewPasskeyForm(NameForm):
    answer = HiddenField()


class CodeForm(FlaskForm):
    code = StringField(_l("Code that the app shows"), [Clean(clean_line, 20), DataRequired(_l("Write the code."))])


class AddressForm(OfficeForm):
    email: EmailField = address(_l("New email address"))


class RoleForm(OfficeForm):
    """A role, and the cases that it is for."""

    role = Radios(
        _l("Role"), [InputRequired(_l("Choose a role."))],
        choices=[(role.value, MAY[role]) for role in OfficeRole],
    )  # fmt: skip
    cases = SelectMultipleField(
        _l("Cases"), coerce=int, choices=[], option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )
    leads = {role.value: word for role, word in ROLES.items()}

    def offer(self, cases: Any) -> Any:
        """The form with these cases to choose from."""
        self.cases.choices = [(case.id, case.title) for case in cases]
        return self

    def given(self) -> tuple[OfficeRole, list[int]]:
        return OfficeRole(self.role.data), list(self.cases.data or [])


class InviteForm(RoleForm):
    email = address()
