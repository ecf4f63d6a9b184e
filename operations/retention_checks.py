"""The doctor's look at retention: is anything kept beyond its time, does a retired key still lie here, what is held."""

from datetime import datetime, timedelta

from sqlalchemy import select

from config import Settings
from core import clock, rotation
from core.db import db
from core.findings import Finding, failed, warning, well
from core.vault import VaultKey
from donations.tax import keeping as tax_keeping
from petitions.keeping import erasure, retention
from petitions.models import Petition

PATIENCE = timedelta(hours=26)  # the worker runs the clocks once a day
KEY_PATIENCE = timedelta(hours=1)


def retention_clocks(settings: Settings) -> Finding:
    if not settings.holds_keystore:
        return well("retention", "This role holds no keystore.")
    late = retention.overdue(clock.now() - PATIENCE)
    late += [one.slug for one in erasure.unfinished() if one.erased_at and one.erased_at < clock.now() - KEY_PATIENCE]
    if tax_keeping.overdue(clock.now() - PATIENCE):
        late.append("tax receipts")
    if late:
        return failed(
            "retention",
            f"Kept beyond their time: {', '.join(late)}. Is the worker running? Run 'flask --app app retention run'.",
        )
    return well("retention", "Nothing is kept beyond its time.")


def retired_keys(settings: Settings) -> Finding:
    """A rotation that does not end: most likely a row that no key opens, changed by somebody or damaged."""
    if not settings.holds_keystore:
        return well("retired keys", "This role holds no keystore.")
    late = [key for key in rotation.retired() if _since(key) < clock.now() - KEY_PATIENCE]
    if late:
        named = "; ".join(
            f"{key.scope}, still named in {', '.join(rotation.named_in(key.id)) or 'no row'}" for key in late
        )
        return failed(
            "retired keys",
            f"They should have been destroyed: {named}. Is the worker running? A row that does not open holds a key back: "
            "the worker's log names it.",
        )
    return well("retired keys", "None is left in the keystore beyond its time.")


def _since(key: VaultKey) -> datetime:
    """From when on it could have been destroyed."""
    return max(filter(None, (rotation.safe_at(key), key.retired_at)))


def legal_holds(settings: Settings) -> Finding:
    held = db.session.scalars(select(Petition.slug).where(Petition.legal_hold != "").order_by(Petition.slug)).all()
    if held:
        return warning(
            "legal holds",
            f"Nothing is deleted of: {', '.join(held)}. Lift the hold in the office when its reason is gone.",
        )
    return well("legal holds", "None.")


CHECKS = (retention_clocks, retired_keys, legal_holds)
