"""The safety of a case in the office: consents and the next review, and the buttons that freeze and blur."""

from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from cases import safety
from cases.models import Case
from core.db import db
from core.vault import SITE, vault
from organisers.answers import actor, done, form_page
from organisers.blueprint import ID, office
from organisers.cases import protection
from organisers.cases import services as case_services
from organisers.cases.protection_forms import BASES, MEANS, ConsentForm, ReviewForm

CASE = f"/cases/<{ID}:case_id>"
SAID = {
    "freeze": lambda: _(
        "The case is frozen: its pages show nothing but a sentence, and take no signatures and no gifts."
    ),
    "unfreeze": lambda: _("The case is shown again."),
    "blur": lambda: _(
        "The case is blurred: names are initials, and pictures cannot be made out. Look at its public page: a name in a "
        "spelling that was not entered with the person is still shown. If you see one, enter it, or freeze the case."
    ),
    "unblur": lambda: _("Names and pictures are shown again."),
}


@office.get(f"{CASE}/protection")
def protection_page(case_id: int) -> Response:
    return _page(case_services.get(case_id))


@office.post(f"{CASE}/<any({', '.join(protection.SHIELDS)}):shield>")
def shield(case_id: int, shield: str) -> Response:
    case = case_services.get(case_id)
    paused = protection.shield(case, shield, actor=actor())
    db.session.commit()
    return done(" ".join(filter(None, (SAID[shield](), _paused(paused)))), ".case", case_id=case_id)


def _paused(updates: int) -> str:
    """What became of updates that were on their way."""
    if not updates:
        return ""
    return ngettext(
        "%(num)s update is paused; it goes on when you press “Go on” on its page.",
        "%(num)s updates are paused; each goes on when you press “Go on” on its page.",
        updates,
    )


@office.post(f"{CASE}/consents")
def record_consent(case_id: int) -> Response:
    case = case_services.get(case_id)
    form = ConsentForm(case)
    if not form.validate_on_submit():
        return _page(case, consent_form=form)
    vault().prepare(SITE)
    protection.record_consent(case, actor=actor(), **form.values())
    return _saved(case)


@office.post(f"{CASE}/consents/<{ID}:part_id>/open")
def open_consent(case_id: int, part_id: int) -> Response:
    """Shows a note once, in the answer itself."""
    case = case_services.get(case_id)
    consent = protection.get_consent(case, part_id)
    note = protection.open_note(consent, case, actor=actor())
    page = _page(case, opened={consent.id: note})
    db.session.commit()
    return page


@office.post(f"{CASE}/consents/<{ID}:part_id>/remove")
def withdraw_consent(case_id: int, part_id: int) -> Response:
    case = case_services.get(case_id)
    protection.withdraw_consent(protection.get_consent(case, part_id), case, actor=actor())
    return _saved(case)


@office.post(f"{CASE}/review")
def set_review(case_id: int) -> Response:
    case, form = case_services.get(case_id), ReviewForm()
    if not form.validate_on_submit() or form.review_on.data is None:
        return _page(case, review_form=form)
    protection.set_review(case, form.review_on.data, actor=actor())
    return _saved(case)


def _saved(case: Case) -> Response:
    db.session.commit()
    return done(_("Saved."), ".protection_page", case_id=case.id)


def _page(
    case: Case,
    *,
    consent_form: ConsentForm | None = None,
    review_form: ReviewForm | None = None,
    opened: dict[int, str] | None = None,
) -> Response:
    """Both forms stand here; the one that was sent says what to change."""
    consents = consent_form or ConsentForm(case, formdata=None)
    review = review_form or ReviewForm(formdata=None, data={"review_on": case.review_on})
    return form_page(
        "office/protection.html", consents if consents.errors else review, case=case, consent_form=consents,
        review_form=review, opened=opened or {}, consents=safety.consents(case), missing=safety.missing(case), bases=BASES,
        means=MEANS,
    )  # fmt: skip
