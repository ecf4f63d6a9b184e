"""The part that people see: the pay page and the driving page. No script, no cookie."""

from flask import Blueprint

from ..errors import StripeError
from . import driving, invoice, pay, portal
from .problems import problem_page
from .wording import frequency, moment, money_of

pages = Blueprint("pages", __name__)
for room in (pay, invoice, portal, driving):
    room.register(pages)

for word in (frequency, moment, money_of):
    pages.add_app_template_filter(word)


@pages.get("/healthz")
def alive() -> str:
    """Whether the sandbox answers."""
    return "ok"


@pages.errorhandler(StripeError)
def _refuse(error: StripeError) -> tuple[str, int]:
    # A refused act means that the object is in another state than the page showed.
    return problem_page(error.message, 409 if error.status == 400 else error.status)
