"""The form that every public page uses: no session, a dated token, the error pattern of the design."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, ValidationError
from wtforms.validators import StopValidation

from core.text import TextError
from core.tokens import TokenError, check_form_token

NO = (False, "", "0", "false", "no", "off")  # what an unticked box may be sent as


class PublicForm(FlaskForm):
    """Bounds the form's age by its token; who sends it is the guards' business (DESIGN §4, ADR on CSRF)."""

    class Meta:
        csrf = False

    token = HiddenField()

    def __init__(self, formdata: Any = ..., **given: Any) -> None:
        if formdata is ...:  # fields only: an uploaded file or a JSON body is no text that somebody typed
            formdata = request.form if self.is_submitted() else None
        super().__init__(formdata=formdata, **given)

    def validate_token(self, field: HiddenField) -> None:
        try:
            check_form_token(field.data or "")
        except TokenError:
            raise ValidationError(_l("This page was open for a long time. Press the button once more.")) from None


class Day(DateField):
    """A date; what is none is answered in our own words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Write the date as year-month-day, like 2010-05-06.")) from None


class Clean:
    """A validator that replaces what was typed by its clean form, or says what to change; see core.text."""

    def __init__(self, clean, longest: int) -> None:  # type: ignore[no-untyped-def]
        self.clean, self.longest = clean, longest
        self.field_flags = {"maxlength": longest}

    def __call__(self, form, field) -> None:  # type: ignore[no-untyped-def]
        try:
            field.data = self.clean(field.data or "", self.longest)
        except TextError as error:
            raise StopValidation(str(error)) from None
