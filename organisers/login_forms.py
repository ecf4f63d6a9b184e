"""Forms of the door and of one's own account."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import DataRequired, EqualTo, Length, Optional, ValidationError

from core.forms import Clean
from core.text import clean_line
from organisers.accounts.setup import SHORTEST_PASSWORD

LONGEST_PASSWORD = 256
SAME = _l("The two are not the same: type both again.")


def address(label: Any = None, **given: Any) -> EmailField:
    needed = DataRequired(_l("Write your email address."))
    return EmailField(label or _l("Email address"), [Clean(clean_line, 254), needed], **given)


class LoginForm(FlaskForm):
    email = address()
    password = PasswordField(
        _l("Password"),
        [
            DataRequired(_l("Write your password.")),
            Length(max=LONGEST_PASSWORD, message=_l("That is too long for a password.")),
        ],
    )
    next = HiddenField()


class MailLinkForm(FlaskForm):
    email = address(id="mail-email")  # on the page of the LoginForm


class PasswordForm(FlaskForm):
    current = PasswordField(_l("Present password"), [Optional(), Length(max=LONGEST_PASSWORD)])
    password = PasswordField(
        _l("New password"),
        [
            DataRequired(_l("Write the new password.")),
            Length(
                SHORTEST_PASSWORD, LONGEST_PASSWORD,
                message=_l("Use a password of 12 to 256 characters; a sentence of your own is good."),
            ),
        ],
    )  # fmt: skip
    again = PasswordField(_l("New password once more"), [EqualTo("password", message=SAME)])


class AcceptForm(FlaskForm):
    """A password, which may stay away: then links by mail let in."""

    password = PasswordField(
        _l("Password"), [Length(max=LONGEST_PASSWORD, message=_l("That is too long for a password."))]
    )
    again = PasswordField(_l("Password once more"), [EqualTo("password", message=SAME)])

    def validate_password(self, field: PasswordField) -> None:
        if field.data and len(field.data) < SHORTEST_PASSWORD:
            raise ValidationError(_("Use a password of 12 to 256 characters; a sentence of your own is good."))
