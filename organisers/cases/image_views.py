"""Pictures of a case in the office: added, described, removed."""

from flask import Response as FlaskResponse
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from cases import images, pictures
from cases.models import Case, CaseImage
from core import audit
from core.db import db
from core.guards import body_limit
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.cases import services as case_services
from organisers.cases.image_forms import ImageForm, ImageWordsForm

IMAGES = f"/cases/<{ID}:case_id>/images"
UPLOAD = pictures.MOST_BYTES + 1024 * 1024  # a file that is a little too large is told so by its form


@office.route(IMAGES, methods=["GET", "POST"])
@body_limit(UPLOAD)
def case_images(case_id: int) -> Response:
    case = case_services.get(case_id)
    form = ImageForm(case)
    if form.validate_on_submit():
        try:
            files = pictures.make(form.picture.data.read())
            words = {"alt": form.alt.data or "", "credit": form.credit.data or ""}
            image = images.add(case, person=form.of_whom, files=files, **words)
        except pictures.PictureRefused as error:
            form.picture.errors = [str(error)]
        except images.TooManyImages:
            form.picture.errors = [_("Remove a picture first: a case holds at most %(most)s.", most=images.MOST)]
        else:
            return _saved(case, "image.added", image.id)
    return form_page("office/images.html", form, case=case)


@office.route(f"{IMAGES}/<{ID}:part_id>", methods=["GET", "POST"])
def edit_image(case_id: int, part_id: int) -> Response:
    case = case_services.get(case_id)
    image = case_services.get_part(CaseImage, case, part_id)
    form = ImageWordsForm(obj=image)
    if form.validate_on_submit():
        form.populate_obj(image)
        return _saved(case, "image.edited", image.id)
    return form_page("office/image_form.html", form, case=case, image=image)


@office.get(f"{IMAGES}/<{ID}:part_id>/picture")
def image_file(case_id: int, part_id: int) -> Response:
    image = case_services.get_part(CaseImage, case_services.get(case_id), part_id)
    return FlaskResponse(images.thumbnail(image), mimetype="image/jpeg")


@office.post(f"{IMAGES}/<{ID}:part_id>/remove")
def remove_image(case_id: int, part_id: int) -> Response:
    case = case_services.get(case_id)
    case.images.remove(case_services.get_part(CaseImage, case, part_id))
    return _saved(case, "image.removed", part_id)


def _saved(case: Case, act: str, image_id: int) -> Response:
    db.session.flush()
    audit.record(act, case.slug, actor=actor(), id=image_id)
    db.session.commit()
    return done(_("Saved."), ".case_images", case_id=case.id)
