"""Messages of solidarity on paper, for the person held: what is approved and shown, names and words, no addresses."""

from flask_babel import get_locale
from flask_babel import gettext as _

from cases.comments import services as comments
from cases.models import Case
from core import countries
from core.pdf import typeset

MOST = 500  # messages in one letter, the newest; more would take longer to set than somebody waits


class NoMessages(ValueError):
    """No message of solidarity is shown on this case."""


def solidarity(case: Case) -> bytes:
    """The letter as a PDF, the oldest message first. Raises NoMessages, TypesettingBusy, TypesettingFailed."""
    found = comments.solidarity(case, limit=MOST)
    if not found:
        raise NoMessages(case.slug)
    messages = [
        {"name": one.name, "country": countries.name_of(one.country) if one.country else "", "text": one.text}
        for one in reversed(found)
    ]
    people = ", ".join(person.name for person in case.people)
    title = _("Messages for %(names)s", names=people) if people else _("Messages of solidarity")
    language = str(get_locale() or "en").partition("_")[0]
    return typeset("solidarity.typ", {"language": language, "title": title, "messages": messages})
