"""The doctor's look at the database: schema, audit chain, jobs, tallies, numbers of tax receipts."""

from datetime import timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from config import Settings
from core import audit, clock
from core.db import db
from core.findings import Finding, failed, warning, well
from core.health import newest_revision, schema_revision
from core.jobs import Job
from donations.tax import numbering
from petitions.counting import tallies

LONGEST_WAIT = timedelta(minutes=10)


def reachable(settings: Settings) -> Finding:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        db.session.rollback()
        return failed("database", f"It does not answer ({type(error).__name__}): check DATABASE_URL and that it runs.")
    return well("database", f"{db.engine.dialect.name} answers.")


def migrated(settings: Settings) -> Finding:
    stands, wanted = schema_revision(), newest_revision()
    if stands != wanted:
        return failed(
            "schema", f"It stands at {stands or 'nothing'}, this code needs {wanted}: run 'flask --app app db upgrade'."
        )
    return well("schema", f"It stands at {stands}, as this code needs it.")


def audit_chain(settings: Settings) -> Finding:
    broken = audit.find_break()
    if broken is not None:
        return failed(
            "audit chain",
            f"Entry {broken} does not follow from the one before: somebody changed it. Compare with a backup.",
        )
    return well("audit chain", "Every entry follows from the one before.")


def dead_jobs(settings: Settings) -> Finding:
    kinds = db.session.execute(select(Job.kind, func.count()).where(Job.state == "dead").group_by(Job.kind)).all()
    if kinds:
        named = ", ".join(f"{count} of {kind}" for kind, count in sorted(kinds))
        return warning("dead jobs", f"Given up after many tries: {named}. 'last_error' in the jobs table says why.")
    return well("dead jobs", "None.")


def waiting_jobs(settings: Settings) -> Finding:
    due = select(func.min(Job.run_at)).where(Job.state == "queued", Job.attempts == 0)
    oldest = db.session.scalar(due)
    if oldest is not None and clock.now() - oldest > LONGEST_WAIT:
        return failed(
            "waiting jobs",
            f"One waits since {oldest:%Y-%m-%d %H:%M} UTC: is the worker running ('flask --app app jobs work')?",
        )
    return well("waiting jobs", "None waits for long.")


def failing_jobs(settings: Settings) -> Finding:
    count = db.session.scalar(select(func.count()).where(Job.state == "queued", Job.attempts > 0)) or 0
    if count:
        return warning(
            "failing jobs", f"{count} failed and will be tried again: mail does not leave, or Stripe does not answer."
        )
    return well("failing jobs", "None.")


def drift(settings: Settings) -> Finding:
    wrong = tallies.drift()
    if wrong:
        named = ", ".join(f"petition {number}: {amount:+d}" for number, amount in sorted(wrong.items()))
        return failed("tallies", f"They differ from the signatures ({named}): run 'flask --app app tallies recount'.")
    return well("tallies", "They equal the signatures.")


def tax_numbers(settings: Settings) -> Finding:
    wrong = numbering.gaps()
    if wrong:
        return failed(
            "tax receipts",
            f"Their numbers must run without a gap: {'; '.join(wrong)}. Somebody changed rows: compare with a backup.",
        )
    return well("tax receipts", "The numbers of each registration and year run from 1 without a gap.")


CHECKS = (migrated, audit_chain, dead_jobs, waiting_jobs, failing_jobs, drift, tax_numbers)
