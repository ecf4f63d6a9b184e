"""The doctor's look at what surrounds the site: its folder, the mail server, Stripe, the last backup."""

import shutil
import smtplib
import tempfile
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from config import Settings
from core import clock, fonts
from core.findings import Finding, failed, warning, well

LEAST_SPACE = 500 * 2**20
LEAST_SPACE_AT_ALL = 50 * 2**20
OLDEST_BACKUP = timedelta(days=7)
BACKUP_MARKER, KEYS_MARKER = "last-backup", "last-keys-backup"
TIMEOUT = 5


def data_folder(settings: Settings) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=settings.data) as file:
            file.write(b"well")
    except OSError as error:
        return failed(
            "data folder", f"{settings.data} cannot be written ({error.strerror}): check its owner and its disk."
        )
    return well("data folder", f"{settings.data} can be written.")


def disk_space(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data).free
    if free < LEAST_SPACE:
        complain = failed if free < LEAST_SPACE_AT_ALL else warning
        return complain(
            "disk space", f"{free // 2**20} MB are left beside {settings.data}: make room, or signing will stop."
        )
    return well("disk space", f"{free // 2**20} MB are free.")


def mail_server(settings: Settings) -> Finding:
    if not settings.smtp_url:
        return warning("mail", "SMTP_URL is not set: mails are files in the data folder and reach nobody.")
    url = urlsplit(settings.smtp_url)
    kind, port = (smtplib.SMTP_SSL, 465) if url.scheme == "smtps" else (smtplib.SMTP, 25)
    try:
        with kind(url.hostname or "localhost", url.port or port, timeout=TIMEOUT) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return warning(
            "mail",
            f"{url.hostname} does not answer ({type(error).__name__}): mails wait. Check SMTP_URL and the server.",
        )
    return well("mail", f"{url.hostname} answers.")


def stripe(settings: Settings) -> Finding:
    if not settings.giving:
        return warning("gifts", "They are off: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS to take any.")
    key = "Stripe's live key is set" if settings.livemode else "A test key is set, as fits this machine"
    number = len(settings.stripe_webhook_secrets)
    if number > 1:
        return warning(
            "gifts",
            f"{key}, with {number} webhook secrets: once Stripe signs with the new one only, take the others out.",
        )
    return well("gifts", f"{key}, with one webhook secret.")


def last_backup(settings: Settings) -> Finding:
    moment = read_backup_time(settings)
    if moment is None:
        return warning("backup", "None was ever made here: run 'flask --app app backup FILE', and every day by cron.")
    if clock.now() - moment > OLDEST_BACKUP:
        return warning(
            "backup",
            f"The last was made on {moment:%Y-%m-%d}: run 'flask --app app backup FILE', and every day by cron.",
        )
    return well("backup", f"The last was made on {moment:%Y-%m-%d %H:%M} UTC.")


def sheet_fonts(settings: Settings) -> Finding:
    """What a printed sheet shows as empty boxes, and what no delivery may have, where no font draws it."""
    lacking = fonts.missing()
    if lacking:
        return warning(
            "fonts",
            f"PDFs cannot show {', '.join(lacking)}: install fonts-noto-core and fonts-noto-cjk, or their like; a list "
            "with such names is refused as PDF until then.",
        )
    return well("fonts", "PDFs can show every script that was thought of.")


def note_backup(settings: Settings, moment: datetime, *, marker: str = BACKUP_MARKER) -> None:
    """Remembers when the last backup was made, for the doctor."""
    (settings.data / marker).write_text(moment.isoformat())


def read_backup_time(settings: Settings, *, marker: str = BACKUP_MARKER) -> datetime | None:
    try:
        return datetime.fromisoformat((settings.data / marker).read_text())
    except (OSError, ValueError):
        return None


CHECKS = (data_folder, disk_space, mail_server, stripe, sheet_fonts, last_backup)
