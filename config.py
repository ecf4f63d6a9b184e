"""The settings: the only module that reads the environment; after it comes `settings.env` in the data folder."""

import base64
import ipaddress
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import stripe_keys

SAMPLES = {"changeme", "change-me", "secret", "dev", "development", "test", "password", "your-secret-key", "example"}
SHORTEST_SECRET = 32
DEMO_ORGANISATION = "Undersigned demo"
DEMO_CONTROLLER = "the person who runs this demo on this machine"
ROLES = ("public", "office", "worker", "all")


class SettingError(Exception):
    """A setting is missing or unsafe; the text says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """Everything that a process may be told from outside; see docs/operations.md for one line each."""

    data: Path
    database_url: str
    secret_key: str
    office_secret_key: str | None
    site_public_key: str | None
    role: str
    server_url: str
    mail_from: str
    mail_reply_to: str | None
    mail_bounces: str | None
    organisation: str
    data_controller: str
    smtp_url: str | None
    trusted_proxies: int
    redis_url: str | None
    stripe_secret_key: str | None
    stripe_webhook_secrets: tuple[str, ...]
    stripe_api_base: str | None
    limits: bool
    page_cache: bool
    group_commit: bool
    port: int

    @property
    def loopback(self) -> bool:
        """Whether this site is a demo on one's own machine: `/dev/mail`, the sandbox and the demo case exist only then."""
        return is_loopback(self.server_url)

    @property
    def office(self) -> bool:
        return self.role in ("office", "all")

    @property
    def public(self) -> bool:
        return self.role in ("public", "all")

    @property
    def holds_keystore(self) -> bool:
        return self.role != "public"

    @property
    def giving(self) -> bool:
        return bool(self.stripe_secret_key)

    @property
    def livemode(self) -> bool:
        return stripe_keys.is_live(self.stripe_secret_key)

    @property
    def keystore(self) -> Path:
        return self.data / "keystore"

    @property
    def drafts_folder(self) -> Path:
        """Where an export is written before it is sent."""
        return self.data / "drafts"

    @property
    def mail_folder(self) -> Path:
        return self.data / "mail"


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine itself."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(given: dict[str, str] | None = None) -> Settings:
    """The settings of this process: `given` (tests) over the environment over the data folder's file.

    Raises SettingError where a secret is missing, a sample or short, or where a combination is unsafe."""
    environment = dict(os.environ if given is None else given)
    data = Path(environment.get("UNDERSIGNED_DATA") or "instance").resolve()
    values = {**read_file(data / "settings.env"), **{k: v for k, v in environment.items() if v != ""}}
    port = _number(values, "PORT", 8000, range(1, 65536))
    settings = Settings(
        data=data,
        database_url=_database_url(values.get("DATABASE_URL") or f"sqlite:///{data / 'undersigned.sqlite3'}"),
        secret_key=_secret(values, "SECRET_KEY"),
        office_secret_key=_secret(values, "OFFICE_SECRET_KEY") if _role(values) in ("office", "all") else None,
        site_public_key=_site_public_key(values),
        role=_role(values),
        server_url=_server_url(values.get("SERVER_URL") or f"http://127.0.0.1:{port}"),
        mail_from=values.get("MAIL_FROM", "Undersigned <undersigned@localhost>"),
        mail_reply_to=values.get("MAIL_REPLY_TO"),
        mail_bounces=_address(values, "MAIL_BOUNCES"),
        organisation=values.get("ORGANISATION", DEMO_ORGANISATION),
        data_controller=values.get("DATA_CONTROLLER", DEMO_CONTROLLER),
        smtp_url=values.get("SMTP_URL"),
        trusted_proxies=_number(values, "TRUSTED_PROXIES", 0, range(10)),
        redis_url=values.get("REDIS_URL"),
        stripe_secret_key=values.get("STRIPE_SECRET_KEY"),
        stripe_webhook_secrets=tuple(values.get("STRIPE_WEBHOOK_SECRETS", "").replace(",", " ").split()),
        stripe_api_base=values.get("STRIPE_API_BASE"),
        limits=_on(values, "LIMITS"),
        page_cache=_on(values, "PAGE_CACHE"),
        group_commit=_on(values, "GROUP_COMMIT"),
        port=port,
    )
    _refuse_unsafe(settings, values)
    return settings


def read_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; an absent file is an empty one."""
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line and line[0] != "#")
    return {name.strip(): value.strip() for name, value in pairs}


def write_missing_secrets(data: Path, *, sandbox: bool) -> None:
    """Adds generated secrets to the data folder's file where neither it nor the environment has one."""
    path = data / "settings.env"
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    stored = read_file(path)
    known = {**stored, **{name: value for name, value in os.environ.items() if value != ""}}
    wanted = {name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "OFFICE_SECRET_KEY") if not known.get(name)}
    if sandbox and not known.get("STRIPE_SECRET_KEY"):
        wanted["STRIPE_SECRET_KEY"] = "sk_test_" + secrets.token_hex(16)
    stored_key = stored.get("STRIPE_SECRET_KEY") or wanted.get("STRIPE_SECRET_KEY")
    if sandbox and stored_key and not stored.get("STRIPE_WEBHOOK_SECRETS"):  # a key never stands without its secret
        wanted["STRIPE_WEBHOOK_SECRETS"] = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    if wanted:
        path.touch(mode=0o600)
        path.chmod(0o600)
        lines = [f"{name}={value}\n" for name, value in wanted.items()]
        ended = path.read_text()[-1:] in ("", "\n")
        with path.open("a") as file:
            file.writelines(lines if ended else ["\n", *lines])


def _role(values: dict[str, str]) -> str:
    role = values.get("ROLE", "all")
    if role not in ROLES:
        raise SettingError(f"ROLE is {role!r}; it must be one of {', '.join(ROLES)}.")
    return role


def _secret(values: dict[str, str], name: str) -> str:
    value = values.get(name, "")
    if not value:
        raise SettingError(f"{name} is missing. Set it, or let 'make run' generate it in the data folder.")
    if len(value) < SHORTEST_SECRET or value.lower() in SAMPLES or len(set(value)) < 8:
        raise SettingError(f"{name} is a sample or too short: use at least {SHORTEST_SECRET} random characters.")
    return value


def _address(values: dict[str, str], name: str) -> str | None:
    if (value := values.get(name)) is not None and not re.fullmatch(r"[\w.-]{1,40}@[\w.-]+", value, re.ASCII):
        raise SettingError(f"{name} must be an address like bounces@campaign.example, without a '+'.")
    return value


def _number(values: dict[str, str], name: str, default: int, allowed: range) -> int:
    try:
        number = int(values.get(name, default))
    except ValueError:
        raise SettingError(f"{name} must be a whole number.") from None
    if number not in allowed:
        raise SettingError(f"{name} must lie between {allowed[0]} and {allowed[-1]}.")
    return number


def _server_url(url: str) -> str:
    """The canonical address, its host in small letters as browsers send it."""
    parts = urlsplit(url)
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not parts.hostname or not bare:
        raise SettingError("SERVER_URL must be an address like https://campaign.example, without a path.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _site_public_key(values: dict[str, str]) -> str | None:
    key = values.get("SITE_PUBLIC_KEY")
    try:
        if key is not None and len(base64.b64decode(key, validate=True)) != 32:
            raise ValueError
    except ValueError:
        raise SettingError("SITE_PUBLIC_KEY is not a key: copy what 'doctor' prints at the office.") from None
    return key


def _on(values: dict[str, str], name: str) -> bool:
    value = values.get(name, "on")
    if value not in ("on", "off"):
        raise SettingError(f"{name} must be 'on' or 'off'.")
    return value == "on"


def _database_url(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _refuse_unsafe(settings: Settings, values: dict[str, str]) -> None:
    if settings.office_secret_key == settings.secret_key:
        raise SettingError(
            "OFFICE_SECRET_KEY must differ from SECRET_KEY: the public server must not forge office sessions."
        )
    if settings.stripe_secret_key:
        given = (settings.stripe_secret_key, settings.stripe_webhook_secrets, settings.stripe_api_base)
        for fault in stripe_keys.faults(*given, loopback=settings.loopback):
            raise SettingError(fault)
    if not settings.limits and not settings.loopback:
        raise SettingError("LIMITS=off is for tests on loopback; this SERVER_URL is not.")
    if not settings.loopback:
        needed = ("SMTP_URL", "MAIL_FROM", "ORGANISATION", "DATA_CONTROLLER")
        if missing := [name for name in needed if not values.get(name)]:
            raise SettingError(
                f"Set {', '.join(missing)}: a site that others can reach must name itself and send mail."
            )
