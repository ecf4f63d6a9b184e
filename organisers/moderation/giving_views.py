"""Stolen cards in the office: waves of declined ones, and payments that a bank warns of, until somebody has seen to them."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from core.db import db
from donations.guards import fraud, waves
from organisers.answers import actor, done
from organisers.blueprint import ID, office


@office.post(f"/declines/<{ID}:wave_id>/settle")
def settle_declines(wave_id: int) -> Response:
    waves.settle(wave_id, actor=actor())
    db.session.commit()
    return done(_("The wave is settled: giving asks for no proof of work any more on its account."), ".signal_list")


@office.post("/fraud/<warning_id>/settle")
def settle_fraud(warning_id: str) -> Response:
    fraud.settle(warning_id, actor=actor())
    db.session.commit()
    return done(_("The warning is settled."), ".signal_list")
