"""The printed sheet of a petition: its content, and its PDF, made once for each content and kept in the data folder."""

import hashlib
import json
import logging
import secrets
import threading
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from config import Settings
from core import clock, qr
from core.pdf import TEMPLATES, TypesettingBusy, TypesettingFailed, typeset
from petitions import consent
from petitions.models import Petition, Recipient
from petitions.paper import sheet_letter
from petitions.states import PetitionState

log = logging.getLogger(__name__)
TEMPLATE = "sheet.typ"
TURN = 5.0  # seconds to wait while another thread makes a sheet
REST = 60.0  # seconds before a content that could not be set is tried again
_making = threading.Lock()
_failed: dict[str, float] = {}


def offered(petition: Petition) -> bool:
    """Whether people may be asked to sign on paper."""
    return petition.state in (PetitionState.OPEN, PetitionState.PAUSED) and not petition.invited_only


def address(petition: Petition) -> str:
    """Where the petition stands: what the code leads to."""
    return f"{current_app.config['UNDERSIGNED'].server_url}/petitions/{petition.slug}"


def code(petition: Petition, *, border: int = 4) -> str:
    """The QR code of the petition's page as an SVG document; `border` is its quiet zone, which paper gives by itself."""
    return qr.svg(address(petition), title=_("Code with the address of this petition"), border=border)


def pdf(petition: Petition) -> bytes:
    """The sheet, set on first demand. Raises TypesettingBusy, TypesettingFailed."""
    wanted = content(petition)
    path = _kept_as(petition, wanted)
    if path.exists():
        return path.read_bytes()
    if not _making.acquire(timeout=TURN):
        raise TypesettingBusy(TEMPLATE)
    try:
        return path.read_bytes() if path.exists() else _make(path, petition, wanted)
    finally:
        _making.release()


def forget(petition: Petition) -> None:
    """Throws away what this machine keeps of the petition's sheets."""
    for kept in _folder().glob(f"{petition.public_id}-*.pdf"):
        kept.unlink(missing_ok=True)


def content(petition: Petition) -> dict[str, Any]:
    """All that stands on the sheet, in the petition's own language, as plain data."""
    settings: Settings = current_app.config["UNDERSIGNED"]
    with force_locale(petition.language):
        return {
            "title": petition.title, "ask": petition.ask, "language": petition.language.partition("_")[0],
            "organisation": settings.organisation, "number": petition.public_id,
            "version": version_shown(consent.paper_digest(petition)),
            "recipients": [{"name": one.name, "office": _office(one)} for one in petition.recipients],
            "letter": list(sheet_letter.blocks(petition.letter)), "consent": consent.paper_sentence(petition),
            "first_signatory": ", ".join(filter(None, (petition.first_signatory, petition.first_signatory_role))),
            "closes": _closes(petition), "qr": code(petition, border=0),
            "address_shown": address(petition).partition("://")[2], "words": _words(),
        }  # fmt: skip


def version_shown(digest: str) -> str:
    """How a sheet's text is named at its foot."""
    return f"{digest[:4]} {digest[4:8]}"


def _words() -> dict[str, str]:
    return {
        "petition": _("Petition"), "sheet": _("Sheet"), "to": _("To:"), "consent_title": _("What you agree to."),
        "online": _("Sign online instead"), "qr_alt": _("Code with the address of this petition"),
        "uncounted": _("There you can also be counted without your name being shown to anybody."),
        "once": _("Sign once only: here or online."), "number": _("No."), "name": _("Full name"),
        "place": _("Country, town"), "email": _("Email (optional)"), "signature": _("Signature"),
        "first_signatory": _("First signatory:"), "letter": _("The letter"),
        "letter_follows": _("The whole letter stands overleaf: read it before you sign."),
    }  # fmt: skip


def _closes(petition: Petition) -> str:
    if petition.closes_at is None:
        return ""
    day = clock.day(petition.closes_at.astimezone(ZoneInfo(petition.time_zone)).date(), petition.language)
    return _("Signing ends on %(day)s.", day=day)


def _office(recipient: Recipient) -> str:
    return ", ".join(filter(None, (recipient.role, recipient.organisation)))


def _kept_as(petition: Petition, wanted: dict[str, Any]) -> Path:
    said = (TEMPLATES / TEMPLATE).read_bytes() + json.dumps(wanted, sort_keys=True).encode()
    return _folder() / f"{petition.public_id}-{hashlib.sha256(said).hexdigest()[:32]}.pdf"


def _folder() -> Path:
    folder: Path = current_app.config["UNDERSIGNED"].data / "sheets"
    return folder


def _make(path: Path, petition: Petition, wanted: dict[str, Any]) -> bytes:
    if _failed.get(path.name, 0.0) > time.monotonic():
        raise TypesettingFailed(TEMPLATE)
    try:
        made = typeset(TEMPLATE, wanted)
    except TypesettingFailed:
        _failed[path.name] = time.monotonic() + REST
        raise
    try:
        _keep(path, petition, made)
    except OSError as error:  # a full disk must not take the sheet away
        log.warning("a sheet was not kept: %s", type(error).__name__)
    return made


def _keep(path: Path, petition: Petition, made: bytes) -> None:
    """Puts the sheet in its place when it is whole, and removes the petition's older ones."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{secrets.token_hex(8)}.draft")
    draft.write_bytes(made)
    draft.replace(path)
    for older in path.parent.glob(f"{petition.public_id}-*.pdf"):
        if older != path:
            older.unlink(missing_ok=True)
