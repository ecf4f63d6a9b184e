"""The site's own page: its facts, the licence of its texts, and the checklist before going live."""

from babel import Locale
from flask import current_app, make_response, render_template
from flask_babel import get_babel, get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from config import Settings
from core import switches
from core.db import db
from core.health import newest_revision
from core.site_signature import fingerprint, in_groups, public_key
from organisers.answers import actor, done
from organisers.blueprint import office
from organisers.site import checking
from organisers.site.forms import LicenceForm


@office.get("/site")
def site() -> Response:
    switches.forget()  # what was chosen a moment ago is shown
    return _page(LicenceForm(formdata=None, data={"licence": switches.switches().licence}))


@office.post("/site/check")
def check_site() -> Response:
    checking.ask(actor=actor())
    db.session.commit()
    return done(_("The worker is looking everything over. Look again in a moment."), ".site", _anchor="check")


@office.post("/site/licence")
def choose_licence() -> Response:
    form = LicenceForm()
    if not form.validate():
        return _page(form)
    switches.turn(actor=actor(), licence=form.licence.data)
    db.session.commit()
    return done(_("Saved. The foot of each public page says it."), ".site")


def _page(form: LicenceForm) -> Response:
    settings: Settings = current_app.config["UNDERSIGNED"]
    page = render_template(
        "office/site.html", section="site", form=form, facts=_facts(settings), check=checking.newest(),
        languages=", ".join(_languages()), schema=newest_revision(),
    )  # fmt: skip
    return make_response(page, 422 if form.errors else 200)


def _facts(settings: Settings) -> list[tuple[str, str, str]]:
    """(what, how it stands, by which setting it is changed)."""
    marks = in_groups(fingerprint(public_key()))
    return [
        (_("Organisation"), settings.organisation, "ORGANISATION"),
        (_("Responsible for the data"), settings.data_controller, "DATA_CONTROLLER"),
        (_("Sender of mails"), settings.mail_from, "MAIL_FROM"),
        (_("Address for answers"), settings.mail_reply_to or _("the sender's"), "MAIL_REPLY_TO"),
        (_("Address of the site"), settings.server_url, "SERVER_URL"),
        (_("Fingerprint of the site's key"), marks, "SITE_PUBLIC_KEY"),
        (_("Where its keystore lies"), str(settings.keystore), "UNDERSIGNED_DATA"),
    ]


def _languages() -> list[str]:
    shown = Locale.parse(str(get_locale() or "en"))
    return sorted({one.get_display_name(shown) or str(one) for one in get_babel().instance.list_translations()})
