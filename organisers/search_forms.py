"""The form that asks whether an address has signed."""

from flask_babel import lazy_gettext as _l
from wtforms import EmailField
from wtforms.validators import InputRequired

from core.forms import Clean
from core.mailboxes import mail_domains
from organisers.fields import OfficeForm


class SearchForm(OfficeForm):
    email = EmailField(
        _l("Email address"),
        [InputRequired(_l("Enter an email address like name@example.org.")), Clean(mail_domains.clean, 254)],
    )
