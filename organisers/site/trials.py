"""What is really tried before a site goes live: a mail is sent, Stripe is asked, a key seals and opens."""

import secrets
import smtplib
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from config import DEMO_CONTROLLER, DEMO_ORGANISATION, Settings
from core import clock, mail_trial
from core.db import db
from core.findings import Finding, failed, warning, well
from core.switches import switches
from core.vault import SITE, VaultError, vault
from donations import connect
from donations.models import StripeEvent
from donations.stripe_gateway import CheckoutError
from organisers.accounts import colleagues, factors
from organisers.site.models import SiteCheck

PROBE = "undersigned/probe/v1"
SLOWEST_WORKER = timedelta(minutes=2)
MOST_DRIFT = timedelta(seconds=5)


def worker(settings: Settings, check: SiteCheck) -> Finding:
    waited = clock.now() - check.asked_at
    seconds = max(0, round(waited.total_seconds()))
    if waited > SLOWEST_WORKER:
        return warning(
            _("Worker"), _("It came to this only after %(number)s seconds. Start more workers.", number=seconds)
        )
    return well(_("Worker"), _("It answered after %(number)s seconds.", number=seconds))


def mail(settings: Settings, check: SiteCheck) -> Finding:
    """The server's own answer, so that whoever runs the site need not look for a log."""
    if not settings.smtp_url:
        return warning(_("Mail"), _("No mail server is set, so mails reach nobody. Set SMTP_URL before you go live."))
    subject, text = (
        _("A mail to try out this site"),
        _("You pressed the button in the office, and the mail has arrived.\n"),
    )
    host = urlsplit(settings.smtp_url).hostname
    try:
        said = mail_trial.send(settings, to=check.asked_by, subject=subject, text=text)
    except mail_trial.MailRefused as error:
        sentence = _(
            "%(host)s refused a mail to you: “%(said)s”. Check MAIL_FROM and what your provider allows.",
            host=host,
            said=error,
        )
        return failed(_("Mail"), sentence)
    except (OSError, smtplib.SMTPException) as error:
        said = getattr(error, "smtp_error", b"").decode(errors="replace") or type(error).__name__
        return failed(_("Mail"), _("%(host)s took no mail: “%(said)s”. Check SMTP_URL.", host=host, said=said))
    sentence = _(
        "%(host)s took a mail to you: “%(said)s”. See that it arrives, and not among the spam.", host=host, said=said
    )
    return well(_("Mail"), sentence)


def stripe(settings: Settings, check: SiteCheck) -> Finding:
    if not settings.giving:
        return warning(
            _("Stripe"), _("Giving is off. Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS if you want gifts.")
        )
    try:
        found = connect.check(f"{settings.server_url}/stripe/webhook")
    except CheckoutError as error:
        sentence = _(
            "Stripe did not answer as it should (%(error)s). Check STRIPE_SECRET_KEY.", error=type(error).__name__
        )
        return failed(_("Stripe"), sentence)
    if found.wrong:
        wrong = "; ".join(found.wrong)
        sentence = _(
            "Stripe knows the key, but not all of this site: %(wrong)s. Run 'flask --app app donations connect'.",
            wrong=wrong,
        )
        return failed(_("Stripe"), sentence)
    newest: datetime | None = db.session.scalar(select(func.max(StripeEvent.received_at)))
    if newest is None:
        return warning(
            _("Stripe"), _("It is connected, but no event has arrived yet. Give once yourself to try it out.")
        )
    return well(
        _("Stripe"), _("It is connected, and the last event came at %(moment)s UTC.", moment=f"{newest:%Y-%m-%d %H:%M}")
    )


def keys(settings: Settings, check: SiteCheck) -> Finding:
    public_id, said = secrets.token_hex(8), secrets.token_hex(8)
    try:
        sealed = vault().seal(SITE, PROBE, public_id, {"said": said})
        opened = vault().open(sealed, scope=SITE, context=PROBE, public_id=public_id)
    except (VaultError, LookupError, ValueError) as error:
        sentence = _(
            "What is sealed cannot be opened (%(error)s). Bring the keystore back from its copy.",
            error=type(error).__name__,
        )
        return failed(_("Sealing"), sentence)
    assert opened["said"] == said
    return well(_("Sealing"), _("What is sealed opens again."))


def address(settings: Settings, check: SiteCheck) -> Finding:
    if settings.loopback:
        return warning(
            _("Address"), _("Only this machine can reach %(url)s. Set SERVER_URL to your own.", url=settings.server_url)
        )
    if urlsplit(settings.server_url).scheme != "https":
        sentence = _("%(url)s is not encrypted: whoever listens learns who signs. Use https.", url=settings.server_url)
        return failed(_("Address"), sentence)
    return well(_("Address"), _("All links in mails begin with %(url)s.", url=settings.server_url))


def facts(settings: Settings, check: SiteCheck) -> Finding:
    """What the privacy page and each mail say of who runs the site."""
    missing = [
        name
        for name, lacks in (
            ("ORGANISATION", settings.organisation == DEMO_ORGANISATION),
            ("DATA_CONTROLLER", settings.data_controller == DEMO_CONTROLLER),
            ("MAIL_REPLY_TO", not settings.mail_reply_to),
        )
        if lacks
    ]
    if missing:
        return warning(_("Privacy page"), _("It cannot name you yet. Set %(names)s.", names=", ".join(missing)))
    return well(_("Privacy page"), _("It names organisation, controller and an address for answers."))


def licence(settings: Settings, check: SiteCheck) -> Finding:
    if not switches().licence:
        return warning(_("Licence"), _("Nobody knows whether your texts may be used. Choose a licence on this page."))
    return well(_("Licence"), _("Each page says under which licence its texts may be used."))


def clocks(settings: Settings, check: SiteCheck) -> Finding:
    if db.engine.dialect.name != "postgresql":
        return well(_("Clock"), _("The database lies on this machine and has its clock."))
    drift = abs(db.session.execute(select(func.clock_timestamp())).scalar_one() - clock.now())
    if drift > MOST_DRIFT:
        sentence = _(
            "The database's clock differs by %(number)s seconds. Let both machines keep time by NTP.",
            number=round(drift.total_seconds()),
        )
        return failed(_("Clock"), sentence)
    return well(_("Clock"), _("The database's clock agrees with the worker's."))


def limits(settings: Settings, check: SiteCheck) -> Finding:
    if not settings.limits:
        return failed(
            _("Limits"), _("They are off, so that anybody may sign as often as they like. Remove LIMITS=off.")
        )
    return well(
        _("Limits"), _("They are on. The site refuses to start with a secret that is missing, short or a sample.")
    )


def second_factors(settings: Settings, check: SiteCheck) -> Finding:
    without = [owner for owner in colleagues.owners() if not factors.has_any(owner)]
    if without:
        sentence = ngettext(
            "%(number)s owner has no second factor: who reads their mail gets in. Let them set one up under “My account”.",
            "%(number)s owners have no second factor: who reads their mail gets in. Let them set one up under “My account”.",
            len(without), number=len(without),
        )  # fmt: skip
        return warning(_("Second factor"), sentence)
    return well(_("Second factor"), _("Every owner has one."))


TRIALS = (worker, mail, stripe, keys, address, facts, licence, clocks, limits, second_factors)
