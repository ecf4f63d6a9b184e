"""The doctor: looks a site over and says, for each thing that is not well, what to do."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from config import Settings
from core.db import db
from core.findings import Finding, Level, failed
from operations import database_checks, key_checks, log_checks, machine_checks, retention_checks
from operations.database_checks import reachable

SIGNS = {Level.OK: "OK  ", Level.WARNING: "WARN", Level.FAILED: "FAIL"}


@dataclass(frozen=True)
class Report:
    findings: list[Finding]

    @property
    def failed(self) -> bool:
        return any(finding.level == Level.FAILED for finding in self.findings)

    def as_text(self) -> str:
        return "\n".join(f"{SIGNS[one.level]} {one.about}: {one.sentence}" for one in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {"ok": not self.failed, "findings": [asdict(finding) for finding in self.findings]}


def examine(settings: Settings) -> Report:
    """Every check's finding; a check that the database interrupts has failed, the others go on."""
    findings = [check(settings) for check in machine_checks.CHECKS]
    findings.append(reachable(settings))
    if findings[-1].level == Level.OK:
        for check in (*database_checks.CHECKS, *key_checks.CHECKS, *retention_checks.CHECKS, *log_checks.CHECKS):
            try:
                findings.append(check(settings))
            except SQLAlchemyError as error:
                findings.append(
                    failed(check.__name__.replace("_", " "), f"Cannot be looked at ({type(error).__name__}).")
                )
            finally:
                db.session.rollback()
    return Report(findings)
