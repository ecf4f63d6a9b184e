"""Somebody becomes initials: the places are shown, and changed in one act."""

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms import HiddenField, SelectMultipleField

from cases.models import Person
from core.db import db
from core.guards import body_limit
from core.vault import SITE, vault
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.cases import initials
from organisers.cases import services as case_services
from organisers.cases.views import LONG_TEXTS, slug_taken
from organisers.fields import OfficeForm, slug


@office.route(f"/cases/<{ID}:case_id>/people/<{ID}:part_id>/initials", methods=["GET", "POST"])
@body_limit(LONG_TEXTS)
def make_initials(case_id: int, part_id: int) -> Response:
    if request.method == "POST":
        vault().prepare(SITE)
    case = case_services.get(case_id)
    person = case_services.get_part(Person, case, part_id)
    found = initials.review(person)
    form = _form(found)
    if form.validate_on_submit():
        slugs = {address.field: form[address.field].data for address in found.addresses}
        given = {"seen": form.seen.data, "accept": set(form.accept.data or ()), "slugs": slugs}
        try:
            changed = initials.apply(person, actor=actor(), **given)
        except initials.PlacesChanged:
            form.seen.data, form.accept.data = found.seen, [place.key for place in found.parts]
            form.form_errors.append(_("A text was edited meanwhile. Look at the places once more, then press again."))
        except (initials.AddressNames, case_services.SlugTaken) as error:
            form.form_errors.append(str(error) if isinstance(error, initials.AddressNames) else slug_taken())
        else:
            db.session.commit()
            said = ngettext("Done: %(num)s place is changed.", "Done: %(num)s places are changed.", changed)
            return done(said, ".case", case_id=case_id)
        db.session.rollback()
    return form_page("office/initials.html", form, case=case, person=person, found=found)


def _form(found: initials.Review) -> OfficeForm:
    """A field for each address, and a tick for each part of the name that could mean something else."""

    class InitialsForm(OfficeForm):
        seen = HiddenField()
        accept = SelectMultipleField(validate_choice=False)  # texts may have changed since: `seen` tells

    for address in found.addresses:
        setattr(InitialsForm, address.field, slug())
    proposed = {address.field: address.proposed for address in found.addresses}
    return InitialsForm(data={"seen": found.seen, "accept": [place.key for place in found.parts], **proposed})
