"""One run of retention: rows by their clocks, mails that lie as files, keys, and what databases keep of deleted rows."""

from collections import Counter
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import text

from cases.comments import keeping as comments_kept
from config import Settings
from core import clock, mail_files, tables
from core.alarms import sound
from core.db import Base, db, empty_log
from core.worker import Tick
from donations.own_page import keeping as donors_kept
from donations.tax import keeping as tax_keeping
from operations import key_rotation
from organisers.moderation import acts as moderation_notes
from petitions.abuse import held_undoing
from petitions.deadlines import DRAFTS, MAIL_FILES
from petitions.keeping import retention


def run(moment: datetime) -> retention.Report:
    """Deletes whatever has run out by this moment. Commits as it goes; killed, the next run does the rest."""
    settings: Settings = current_app.config["UNDERSIGNED"]
    report = retention.run(moment)
    for slug in report.stopped:
        sound("retention-stopped", f"{slug}:{moment:%Y%m%d}", petition=slug)
    db.session.commit()
    report.emptied += donors_kept.run(moment)
    report.emptied += comments_kept.run(moment)
    report.emptied["moderators' notes"] = moderation_notes.forget(moment)
    held_undoing.forget(moment)
    report.emptied["mail files"] = mail_files.remove_older(settings.mail_folder, moment - MAIL_FILES)
    report.emptied["drafts"] = tables.sweep(settings.drafts_folder, moment - DRAFTS)
    report.emptied["tax receipts"] = tax_keeping.forget(moment)
    report.emptied["keys"] = int(key_rotation.tend(moment))
    report.emptied = Counter({kind: count for kind, count in report.emptied.items() if count})
    empty_log()
    return report


def rewrite() -> None:
    """PostgreSQL: writes the tables anew, so that no data file holds what was deleted; each is locked meanwhile."""
    if db.engine.dialect.name == "postgresql":
        db.session.rollback()  # a transaction of our own would wait for itself
        names = ", ".join(table.name for table in Base.metadata.sorted_tables if _holds_people(table))
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM (FULL, ANALYZE) {names}"))
            connection.execute(text("VACUUM FULL pg_statistic"))  # its samples are values of columns, names too


def _holds_people(table: Any) -> bool:
    return bool({"blob", "email_index", "sealed"}.intersection(column.name for column in table.columns))


def daily() -> bool:
    """The worker's tick."""
    return bool(run(clock.now()).emptied)


def keys() -> bool:
    """The worker's tick: rotations that wait for their time, and erasures."""
    return key_rotation.tend(clock.now())


TICKS = (Tick(keys, every=30.0), Tick(daily, every=24 * 3600.0))
