"""The buttons of the thanks page: the mail once more, and to another address."""

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField
from wtforms.validators import InputRequired

from core.forms import Clean, PublicForm
from core.mailboxes import mail_domains


class AgainForm(PublicForm):
    """One button."""

    t = HiddenField()


class AddressForm(PublicForm):
    """The address that the mail should have gone to."""

    t = HiddenField()
    email = EmailField(
        _l("The right address"),
        [InputRequired(_l("Enter an email address like name@example.org.")), Clean(mail_domains.clean, 254)],
    )
