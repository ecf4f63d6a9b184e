"""The sign form read quickly: what a plain, faultless post holds, without WTForms' field objects (ADR 0009).

It knows the same cleaners and limits as SignForm and explains nothing: whatever it does not take, SignForm judges."""

from collections.abc import Mapping

from core import countries
from core.forms import NO
from core.switches import switches
from core.text import TextError
from core.tokens import TokenError, check_form_token
from petitions.forms import TEXTS, Signing
from petitions.states import Visibility


def read(form: Mapping[str, str]) -> Signing | None:
    """The fields cleaned; None where SignForm has to look."""
    try:
        check_form_token(form.get("token", ""))
        texts = {name: clean(form.get(name, ""), longest) for name, (clean, longest) in TEXTS.items()}
        visibility = Visibility(form.get("visibility", ""))
    except (TextError, TokenError, ValueError):
        return None
    country, source = form.get("country", ""), texts.pop("source")
    if not texts["name"] or not countries.known(country) or country in switches().countries_off:
        return None
    choices = {name: form.get(name, "") not in NO for name in ("updates", "may_ask")}
    trapped, proof = bool(form.get("website")), form.get("altcha", "")
    return Signing(country, visibility, source, {**texts, **choices}, trapped, proof)
