"""The doctor's look at the keys: is every private key here that a public one promises, and is it kept from others?"""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from config import Settings
from core.db import db
from core.findings import Finding, failed, warning, well
from core.keystore import KeyMissing
from core.vault import VaultError, VaultKey, vault
from operations.machine_checks import KEYS_MARKER, read_backup_time

LOST = (
    "Bring the keystore back from its own copy: without it no name and no address sealed to this key can ever be read."
)

COPY = "Run 'flask --app app keys backup --to AGE-RECIPIENT FILE', and keep the file on another machine."


def site_key(settings: Settings) -> Finding:
    """Prints the public half: it is the setting that a public server needs."""
    if not settings.holds_keystore:
        return well("site key", f"SITE_PUBLIC_KEY={settings.site_public_key}; this role holds no keystore.")
    own = vault().keystore.site_public_key()
    if settings.site_public_key not in (None, own):
        return failed(
            "site key", f"The keystore's is {own}, SITE_PUBLIC_KEY is another: one of them is of another site."
        )
    return well("site key", f"SITE_PUBLIC_KEY={own}")


def scope_keys(settings: Settings) -> Finding:
    """Every active public key is signed by the site key and, where the keystore is held, has its private half here."""
    active = db.session.scalars(select(VaultKey).where(VaultKey.retired_at.is_(None)).order_by(VaultKey.scope)).all()
    broken = [f"{key.scope}: {fault}" for key in active if (fault := _fault(key, settings))]
    if broken:
        return failed("vault keys", f"{'; '.join(broken)}. {LOST}")
    return well("vault keys", f"{len(active)} in use, all signed{' and here' if settings.holds_keystore else ''}.")


def _fault(key: VaultKey, settings: Settings) -> str | None:
    try:
        vault().verify(key.scope, key.id, key.public_key, key.signature)
        if settings.holds_keystore and bytes(vault().keystore.scope_key(key.id).private.public_key) != key.public_key:
            return f"scope-{key.id}.json holds another key"
    except VaultError:
        return "the site key did not sign it"
    except KeyMissing:
        return f"scope-{key.id}.json is not in the keystore"
    except (ValueError, KeyError):
        return f"scope-{key.id}.json is damaged"
    return None


def keys_backup(settings: Settings) -> Finding:
    """The keystore is in no backup of the database: a key that was made since its own copy would be lost with this disk."""
    if not settings.holds_keystore:
        return well("backup of the keys", "This role holds no keystore.")
    copied = read_backup_time(settings, marker=KEYS_MARKER)
    if copied is None:
        return warning("backup of the keys", f"None was ever made here. {COPY}")
    newest = db.session.scalar(select(func.max(VaultKey.created_at)))
    if newest is not None and newest > copied:
        return warning("backup of the keys", f"A key was made after the last, of {copied:%Y-%m-%d %H:%M} UTC. {COPY}")
    return well("backup of the keys", f"The last was made on {copied:%Y-%m-%d %H:%M} UTC, and no key since.")


def keystore_rights(settings: Settings) -> Finding:
    if not settings.holds_keystore:
        return well("keystore rights", "This role holds no keystore.")
    return _rights("keystore rights", settings.keystore, settings.keystore.glob("*"))


def secrets_rights(settings: Settings) -> Finding:
    return _rights("secrets rights", settings.data, [settings.data / "settings.env"])


def _rights(about: str, folder: Path, files: Iterator[Path] | list[Path]) -> Finding:
    """Nobody but the site's own user may look: folders 0700, files 0600."""
    open_ones = [path for path in (folder, *files) if path.exists() and path.stat().st_mode & 0o077]
    if open_ones:
        named = " ".join(str(path) for path in open_ones[:5])
        return warning(about, f"Other users of this machine can read what is secret. Run: chmod go= {named}")
    return well(about, "Nobody else can read it.")


CHECKS = (site_key, scope_keys, keys_backup, keystore_rights, secrets_rights)
