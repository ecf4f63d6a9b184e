"""The answer to the question where a regular gift goes: one of the open funds, or nowhere."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, ValidationError

from cases.models import Case
from core.forms import PublicForm
from donations import funds

STOP, FUND = "stop", "fund:"  # a case's address may be any word


class FundForm(PublicForm):
    """Every open fund, which the one that was asked about is not, and the general one; nothing is preselected."""

    choice = RadioField(_l("What becomes of my gift from now on"), validate_choice=False)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        offered = funds.designations(funds.get_fund(None))
        self.answers = {FUND + slug: name for slug, name in offered}
        self.answers[STOP] = _("Stop my gift. Nothing more is taken.")
        self.choice.choices = list(self.answers.items())

    @property
    def stops(self) -> bool:
        return self.choice.data == STOP

    @property
    def case(self) -> Case | None:
        """The chosen fund's case, None for the general fund; of a valid form that does not stop the gift."""
        return funds.get_fund(self.choice.data.removeprefix(FUND) or None).case

    def validate_choice(self, field: RadioField) -> None:
        if field.data in self.answers:
            return
        if str(field.data).startswith(FUND):
            raise ValidationError(_l("This fund takes no gifts at the moment. Choose another one."))
        raise ValidationError(_l("Choose where your gift goes from now on, or that it stops."))
