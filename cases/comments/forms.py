"""The public form of a comment, and that of a report."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, InputRequired

from cases.comments.models import CommentKind
from core import countries
from core.forms import Clean, PublicForm
from core.mailboxes import mail_domains
from core.reports import ReportReason
from core.text import clean_name, clean_words

LONGEST = 1_000
KINDS = {
    CommentKind.COMMENT: _l("A comment, for everybody who reads this page"),
    CommentKind.SOLIDARITY: _l(
        "A message of solidarity: it stands on this page, and organisers may send it to the person held"
    ),
}
REASONS = {
    ReportReason.ABUSE: _l("It insults or threatens somebody"),
    ReportReason.PERSONAL: _l("It tells something private about a person"),
    ReportReason.DANGER: _l("It puts somebody in danger"),
    ReportReason.SPAM: _l("It is advertising or spam"),
    ReportReason.OTHER: _l("Something else"),
}


class CommentForm(PublicForm):
    kind = RadioField(
        _l("What you write"), choices=[(key.value, label) for key, label in KINDS.items()],
        default=CommentKind.COMMENT.value, validate_choice=False,
    )  # fmt: skip
    text = TextAreaField(
        _l("Your words"), [Clean(clean_words, LONGEST), DataRequired(_l("Write what you want to say."))]
    )
    name = StringField(_l("Name"), [Clean(clean_name, 120), DataRequired(_l("Enter a name."))])
    email = EmailField(
        _l("Email address"),
        [InputRequired(_l("Enter an email address like name@example.org.")), Clean(mail_domains.clean, 254)],
    )
    country = SelectField(_l("Country (optional)"), validate_choice=False, default="")
    website = StringField(_l("Leave this field empty: it is not for people"))

    def offer(self) -> None:
        """Puts the choices into words, for a page that shows them."""
        self.country.choices = [("", _("I would rather not say")), *countries.choices()]

    def validate_kind(self, field: RadioField) -> None:
        if field.data not in list(CommentKind):
            raise ValidationError(_l("Choose what you write."))

    def validate_country(self, field: SelectField) -> None:
        if field.data and not countries.known(field.data):
            raise ValidationError(_l("Choose a country from the list, or leave it open."))

    def values(self) -> dict[str, Any]:
        """What `services.write` takes: exactly these fields, whatever else was sent."""
        texts = {name: self[name].data or "" for name in ("name", "email", "text", "country")}
        return {"kind": CommentKind(self.kind.data), "trapped": bool(self.website.data), **texts}


class ReportForm(PublicForm):
    reason = RadioField(
        _l("What is wrong with it"),
        choices=[(key.value, label) for key, label in REASONS.items()],
        validate_choice=False,
    )
    text = TextAreaField(_l("What we should know (optional)"), [Clean(clean_words, 500)])
    website = StringField(_l("Leave this field empty: it is not for people"))

    def validate_reason(self, field: RadioField) -> None:
        if field.data not in list(ReportReason):
            raise ValidationError(_l("Choose what is wrong with it."))
