"""The checklist before going live: asked for in the office, gone through by the worker, kept for whoever comes back."""

from collections.abc import Callable
from dataclasses import astuple

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from config import Settings
from core import audit, clock
from core.db import db
from core.findings import Finding, failed
from core.jobs import Job, enqueue
from organisers.site.models import SiteCheck
from organisers.site.trials import TRIALS

KIND = "site.check"
TRIED_HERE = ("mail",)  # what the doctor only knocks at


def ask(*, actor: str) -> SiteCheck:
    """Has the worker look everything over."""
    asked = SiteCheck(asked_by=actor, asked_at=clock.now(), findings=[])
    db.session.add(asked)
    db.session.flush()
    enqueue(KIND, {"check": asked.id}, key=f"site-check:{asked.id}")
    audit.record("site.checked", "site", actor=actor, number=asked.id)
    return asked


def newest() -> SiteCheck | None:
    """The last one that was asked for."""
    return db.session.scalar(select(SiteCheck).order_by(SiteCheck.id.desc()).limit(1))


def run(job: Job) -> None:
    """The job: tries what can be tried, then lets the doctor look at the rest."""
    settings: Settings = current_app.config["UNDERSIGNED"]
    asked = db.session.get(SiteCheck, job.args["check"])
    if asked is None or asked.ended_at is not None:
        return
    found = [_tried(trial, settings, asked) for trial in TRIALS]
    looked = current_app.extensions["doctor"](settings).findings
    found += [finding for finding in looked if finding.about not in TRIED_HERE]
    asked = db.session.get_one(SiteCheck, job.args["check"])
    asked.findings, asked.ended_at = [list(astuple(finding)) for finding in found], clock.now()
    db.session.flush()


def _tried(trial: Callable[[Settings, SiteCheck], Finding], settings: Settings, asked: SiteCheck) -> Finding:
    """A trial that the database interrupts has failed, and the others go on."""
    try:
        return trial(settings, asked)
    except SQLAlchemyError as error:
        db.session.rollback()
        return failed(getattr(trial, "__name__", ""), type(error).__name__)
