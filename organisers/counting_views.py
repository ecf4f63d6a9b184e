"""How a petition's number is made up: ways of signing, milestones, what the public sees of countries, the last recount."""

from flask import render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core import countries
from core.db import db
from organisers import numbers
from organisers.answers import actor, done
from organisers.blueprint import ID, office
from organisers.dashboard import work
from petitions import services
from petitions.counting import margins, milestones, recounts, tallies
from petitions.jobs import RECOUNT, promise_recount

COUNTING = f"/petitions/<{ID}:petition_id>/counting"


@office.get(COUNTING)
def counting(petition_id: int) -> str:
    found, counted, shown = services.get(petition_id), tallies.numbers(petition_id), margins.shown(petition_id)
    return render_template(
        "office/counting.html",
        petition=found,
        total=counted.total,
        imported=sum(counted.by_imported.values()),
        methods=numbers.shares(counted.by_method),
        milestones=milestones.of(petition_id),
        shown=shown,
        countries=[(countries.name_of(code), count) for code, count in shown.by_country.items()],
        recount=recounts.last(),
        counting_now=work.is_asked(RECOUNT),
    )


@office.post(f"{COUNTING}/recount")
def recount(petition_id: int) -> Response:
    services.get(petition_id)
    promise_recount(actor())
    db.session.commit()
    said = _("Every signature is counted again now. You may leave this page; it says what was found once it is done.")
    return done(said, ".counting", petition_id=petition_id)
