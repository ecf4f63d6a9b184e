"""The worker's part: organisers are reminded by mail, once for each day of review that has come."""

from flask import current_app
from sqlalchemy import or_, select, update

from cases.models import Case, CaseStatus
from core import alarms, clock
from core.db import db
from core.worker import Tick


def remind() -> bool:
    """Whether a review has fallen due since the last look. The case stays as it is: people decide."""
    untold = or_(Case.review_told_on.is_(None), Case.review_told_on != Case.review_on)
    due = (Case.status != CaseStatus.DRAFT, Case.review_on <= clock.now().date(), untold)
    if db.session.scalar(select(Case.id).where(*due).limit(1)) is None:
        return False
    telling = update(Case).where(*due).values(review_told_on=Case.review_on).returning(Case.id, Case.review_on)
    server = current_app.config["UNDERSIGNED"].server_url
    for case_id, day in db.session.execute(telling, execution_options={"synchronize_session": False}).all():
        alarms.sound("case-review", f"{case_id}:{day}", page=f"{server}/office/cases/{case_id}/protection")
    db.session.commit()
    return True


TICKS = (Tick(remind, every=600.0),)
