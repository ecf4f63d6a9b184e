"""Second factors: authenticator apps and recovery codes; a passkey is the third kind, in passkeys.py."""

import re
import secrets
from collections.abc import Sequence
from typing import Any

from flask import current_app
from passlib.exc import TokenError as CodeError
from passlib.totp import TOTP
from sqlalchemy import delete, exists, func, or_, select, update

from core import audit, clock
from core.db import RowNotFound, db
from core.tokens import digest
from core.vault import SITE, Sealed, vault
from organisers.accounts import notices
from organisers.accounts.models import CodeApp, Passkey, RecoveryCode
from organisers.models import Organiser

SEALED_CONTEXT = "undersigned/code-app/v1"
CODES = 10
FEW = 3  # recovery codes: from here on we say how many are left
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # no two that look alike
CODE_LENGTH = 16  # 79 bits
SIX_DIGITS = re.compile(r"\d{6}", re.ASCII)
RECOVERY = "recovery code"
KINDS: dict[str, Any] = {"app": CodeApp, "passkey": Passkey}


class NotFound(RowNotFound):
    """No such factor, or somebody else's."""


class CodeRefused(ValueError):
    """A code that is wrong, too old, or was used before: which of them is not told."""


class LastFactor(ValueError):
    """The account has no other second factor: without it everything personal would be closed."""


def has_any(organiser: Organiser) -> bool:
    """Whether a second factor has been set up: then it is always asked for."""
    app = exists().where(CodeApp.organiser_id == organiser.id, CodeApp.confirmed_at.is_not(None))
    key = exists().where(Passkey.organiser_id == organiser.id)
    return bool(db.session.scalar(select(or_(app, key))))


def apps_of(organiser: Organiser) -> Sequence[CodeApp]:
    mine = select(CodeApp).where(CodeApp.organiser_id == organiser.id, CodeApp.confirmed_at.is_not(None))
    return db.session.scalars(mine.order_by(CodeApp.id)).all()


def passkeys_of(organiser: Organiser) -> Sequence[Passkey]:
    return db.session.scalars(select(Passkey).where(Passkey.organiser_id == organiser.id).order_by(Passkey.id)).all()


def codes_left(organiser: Organiser) -> int:
    mine = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.organiser_id == organiser.id)
    return db.session.scalar(mine) or 0


def begin_app(organiser: Organiser, *, name: str) -> CodeApp:
    """An app that waits for its first code; another one that still waited goes. The vault is prepared for SITE."""
    unconfirmed = (CodeApp.organiser_id == organiser.id, CodeApp.confirmed_at.is_(None))
    db.session.execute(delete(CodeApp).where(*unconfirmed))
    public_id = secrets.token_urlsafe(16)
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, {"secret": TOTP.new().base32_key})
    app = CodeApp(
        public_id=public_id, organiser_id=organiser.id, name=name, key_id=box.key_id, data_key_id=box.data_key_id,
        blob=box.blob,
    )  # fmt: skip
    db.session.add(app)
    db.session.flush()
    return app


def waiting_app(organiser: Organiser, app_id: int) -> CodeApp:
    """An app of the organiser's that waits for its first code. Raises NotFound."""
    app = db.session.get(CodeApp, app_id)
    if app is None or app.organiser_id != organiser.id or app.confirmed_at is not None:
        raise NotFound(app_id)
    return app


def secret_of(app: CodeApp) -> TOTP:
    sealed = Sealed(app.key_id, app.data_key_id, app.blob or b"")
    return TOTP(vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=app.public_id)["secret"])


def address_of(app: CodeApp, organiser: Organiser) -> str:
    """What an app reads from the QR code."""
    name = current_app.config["UNDERSIGNED"].organisation.replace(":", " ")
    return secret_of(app).to_uri(label=organiser.email.replace(":", " "), issuer=name)


def confirm_app(app: CodeApp, organiser: Organiser, code: str) -> None:
    """The app counts from now on; its owner is told by mail. Raises CodeRefused. The vault is prepared for SITE."""
    _use(app, code)
    app.confirmed_at = clock.now()
    audit.record("organiser.factor_added", organiser.email, actor=organiser.email, factor="app")
    notices.tell(organiser, "app added")


def check_code(organiser: Organiser, code: str) -> str:
    """Uses up an app's code or a recovery code; says which kind it was. Raises CodeRefused."""
    plain = re.sub(r"[\s-]", "", code).lower()
    check = _check_apps if SIX_DIGITS.fullmatch(plain) else _use_recovery_code
    kind = check(organiser, plain)
    audit.record("organiser.factor_given", organiser.email, actor=organiser.email, factor=kind)
    return kind


def new_recovery_codes(organiser: Organiser) -> list[str]:
    """Ten codes, to be shown this once; those from before are worth nothing any more."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.organiser_id == organiser.id))
    codes = ["".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    db.session.add_all(RecoveryCode(digest=digest(code), organiser_id=organiser.id) for code in codes)
    db.session.flush()
    audit.record("organiser.recovery_codes_made", organiser.email, actor=organiser.email)
    return ["-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4)) for code in codes]


def get(organiser: Organiser, kind: str, factor_id: int) -> Any:
    """One of the organiser's own factors. Raises NotFound."""
    factor = db.session.get(KINDS[kind], factor_id)
    if factor is None or factor.organiser_id != organiser.id or (kind == "app" and factor.confirmed_at is None):
        raise NotFound(factor_id)
    return factor


def rename(organiser: Organiser, kind: str, factor_id: int, *, name: str) -> None:
    get(organiser, kind, factor_id).name = name
    audit.record("organiser.factor_renamed", organiser.email, actor=organiser.email, factor=kind)


def remove(organiser: Organiser, kind: str, factor_id: int) -> None:
    """Takes a factor away; its owner is told by mail. Raises NotFound, and LastFactor where no other is left.

    The vault is prepared for SITE."""
    factor = get(organiser, kind, factor_id)
    # two removals at once must not each take the other for the one that stays
    db.session.execute(update(Organiser).where(Organiser.id == organiser.id).values(active=Organiser.active))
    if len(apps_of(organiser)) + len(passkeys_of(organiser)) == 1:
        raise LastFactor
    db.session.delete(factor)
    audit.record("organiser.factor_removed", organiser.email, actor=organiser.email, factor=kind)
    notices.tell(organiser, f"{kind} removed")


def remove_all(organiser: Organiser) -> None:
    """Every factor and recovery code goes, whatever they are: for who has lost them."""
    for table in (CodeApp, Passkey, RecoveryCode):
        db.session.execute(delete(table).where(table.organiser_id == organiser.id))


def _check_apps(organiser: Organiser, code: str) -> str:
    for app in apps_of(organiser):
        try:
            _use(app, code)
        except CodeRefused:
            continue
        return "app"
    raise CodeRefused


def _use(app: CodeApp, code: str) -> None:
    """Each code once: whoever looked over a shoulder comes too late, and of two at the same moment one wins."""
    try:
        step = secret_of(app).match(code, time=clock.now()).counter
    except CodeError:
        raise CodeRefused from None
    newer = update(CodeApp).where(CodeApp.id == app.id, CodeApp.last_step < step).values(last_step=step)
    if db.session.execute(newer.returning(CodeApp.id)).scalar() is None:
        raise CodeRefused


def _use_recovery_code(organiser: Organiser, code: str) -> str:
    mine = (RecoveryCode.organiser_id == organiser.id, RecoveryCode.digest == digest(code))
    if db.session.execute(delete(RecoveryCode).where(*mine).returning(RecoveryCode.digest)).scalar() is None:
        raise CodeRefused
    return RECOVERY
