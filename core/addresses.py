"""E-mail addresses: which ones can be written to, and how a mail server is told one."""

import re

import idna
from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask_babel import gettext as _

from core.text import TextError

RESERVED = re.compile(r"@(localhost|(.+\.)?(test|example|invalid|localhost)|example\.(com|net|org))$", re.IGNORECASE)


def clean_address(text: str, longest: int = 254) -> str:
    """The address as its owner writes it, without asking the DNS; reserved domains pass on loopback only. Raises TextError.

    The part before the @ must be ASCII: few mail servers carry anything else, and a mail that cannot be sent helps nobody."""
    address = text.strip()
    if len(address) > longest:
        raise TextError(_("Shorten it: an email address has at most %(longest)s characters.", longest=longest))
    demo = current_app.config["UNDERSIGNED"].loopback and RESERVED.search(address)
    try:
        found = validate_email(
            address, check_deliverability=False, strict=True, allow_smtputf8=False, test_environment=bool(demo)
        )
    except EmailNotValidError:
        raise TextError(_("Enter an email address like name@example.org.")) from None
    return str(found.normalized)


def ascii_domain(address: str) -> str:
    """The address with its domain as mail servers know it (IDNA 2008). Raises UnicodeError."""
    local, _at, domain = address.rpartition("@")
    return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
