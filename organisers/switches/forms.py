"""Forms of the switches: what is off, how many mails the provider takes, what is said of a country or a mail domain."""

import json
import re
from typing import Any, Self

import idna
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional

from core.forms import Clean
from core.switches import Switches
from core.text import clean_line
from organisers.fields import OfficeForm, Radios, Whole, country, line
from petitions.states import RuleAction

DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.ASCII)
ON_OFF = (("on", _l("On")), ("off", _l("Off")))
PROOF = (("auto", _l("Under attack only")), ("on", _l("Always")), ("off", _l("Never")))
SECOND = (("auto", _l("Where another organiser could say yes")), ("on", _l("Always")), ("off", _l("Never")))
ACTIONS = (
    (RuleAction.HOLD.value, _l("Hold whoever signs from it, for review")),
    (RuleAction.TRUST.value, _l("Trust it: no other rule holds anybody from it")),
)
CHOOSE = _l("Choose one of these.")
MOST = 10_000_000
ON_OFF_NAMES = ("signing", "giving", "comments", "mailing", "refund_fraud", "sampling")
TURNED = (*ON_OFF_NAMES, "proof", "giving_proof", "second_person", "mails_an_hour", "mails_a_day")


def _switch(label: Any, choices: Any = ON_OFF) -> Radios:
    return Radios(label, [InputRequired(CHOOSE)], choices=choices)


def _number(label: Any) -> Whole:
    message = _l("Write a whole number from 1 to %(highest)s, or leave it empty for no limit.", highest=f"{MOST:,}")
    return Whole(label, [Optional(), NumberRange(1, MOST, message)])


class SwitchForm(OfficeForm):
    """`was` is what the page showed: only what was changed on it is turned, whatever others have turned meanwhile."""

    was = HiddenField()
    signing = _switch(_l("Signing"))
    giving = _switch(_l("Giving"))
    comments = _switch(_l("Comments"))
    mailing = _switch(_l("Mail"))
    proof = _switch(_l("Proof of work before signing"), PROOF)
    giving_proof = _switch(_l("Proof of work before giving"), PROOF)
    refund_fraud = _switch(_l("Give back what a bank reports as fraud"))
    second_person = _switch(_l("A second person’s yes before a list is made"), SECOND)
    sampling = _switch(_l("Samples for officials"))
    mails_an_hour = _number(_l("Mails an hour"))
    mails_a_day = _number(_l("Mails a day"))

    @classmethod
    def of(cls, now: Switches) -> Self:
        """The form as everything stands."""
        shown = {name: getattr(now, name) for name in TURNED}
        on = {name: "on" if shown[name] else "off" for name in ON_OFF_NAMES}
        return cls(formdata=None, data={**shown, **on, "was": json.dumps(shown)})

    def values(self) -> dict[str, Any]:
        return {name: self[name].data == "on" if name in ON_OFF_NAMES else self[name].data for name in TURNED}

    def shown(self) -> dict[str, Any]:
        """The values that the page showed, by name."""
        return dict(json.loads(self.was.data or ""))

    def validate_was(self, field: HiddenField) -> None:
        try:
            whole = self.shown().keys() == set(TURNED)
        except (ValueError, TypeError):
            whole = False
        if not whole:
            raise ValidationError(_l("Load this page again, and then change what you want to change."))


class CountryForm(OfficeForm):
    country = country(_l("Country"), _l("Choose a country."))


class DomainForm(OfficeForm):
    domain = StringField(
        _l("Mail domain"), [Clean(clean_line, 260), DataRequired(_l("Write a domain like example.org."))]
    )
    action = Radios(_l("What to do"), [InputRequired(CHOOSE)], choices=ACTIONS, default=RuleAction.HOLD.value)
    reason = line(_l("Why"), 200, _l("Write in a few words why, for the other organisers."))

    def validate_domain(self, field: StringField) -> None:
        """As mail servers know it; an address is taken for its domain."""
        typed = (field.data or "").rpartition("@")[2].strip(".").lower()
        try:
            domain = typed if typed.isascii() else idna.encode(typed, uts46=True).decode()
        except UnicodeError:
            domain = ""
        if not DOMAIN.fullmatch(domain):
            raise ValidationError(_l("Write a domain like example.org."))
        field.data = domain
