"""What the donate pages show, in the office: the general fund, and levels of patrons."""

from flask import Response, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from core.db import db
from donations import general_fund
from donations.wall import patrons
from donations.wall.models import PatronLevel
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.gifts.wall_forms import GeneralFundForm, LevelForm

LEVEL = f"/patrons/<{ID}:level_id>"


@office.route("/general-fund", methods=["GET", "POST"])
def describe_general_fund() -> BaseResponse:
    form = GeneralFundForm.of(general_fund.find())
    if not form.validate_on_submit():
        return form_page("office/general_fund.html", form, section="gifts")
    general_fund.describe(actor=actor(), **form.values())
    db.session.commit()
    return done(_("Saved. The donate page shows it."), ".describe_general_fund")


@office.get("/patrons")
def patron_levels() -> str:
    return render_template("office/patrons.html", section="gifts", levels=patrons.list_levels())


@office.route("/patrons/new", methods=["GET", "POST"])
def new_patron_level() -> BaseResponse:
    return _define(PatronLevel(minimums=[]), LevelForm())


@office.route(LEVEL, methods=["GET", "POST"])
def edit_patron_level(level_id: int) -> BaseResponse:
    level = patrons.get_level(level_id)
    return _define(level, LevelForm.of(level))


@office.post(f"{LEVEL}/retire")
def retire_patron_level(level_id: int) -> BaseResponse:
    patrons.retire(patrons.get_level(level_id), actor=actor())
    db.session.commit()
    return done(_("The level is offered no more. Whoever reached it keeps it."), ".patron_levels")


def _define(level: PatronLevel, form: LevelForm) -> Response | BaseResponse:
    if not form.validate_on_submit():
        return form_page("office/patron_form.html", form, section="gifts", level=level)
    patrons.define(level, actor=actor(), **form.values())
    db.session.commit()
    return done(_("The level is saved."), ".patron_levels")
