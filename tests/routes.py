"""Who may reach each route: a new one makes tests/test_routes.py fail until it stands here."""

from typing import Any

# public: anybody, the same page for all; token: a mailed or sealed secret decides; door: the way into the office;
# office: logged in; machine: another program, which proves itself; loopback: on one's own machine only.
PUBLIC, TOKEN, DOOR, OFFICE, MACHINE, LOOPBACK = "public", "token", "door", "office", "machine", "loopback"
ROUTES = {
    "static": (PUBLIC, "GET"),
    "health.healthz": (PUBLIC, "GET"),
    "health.readyz": (PUBLIC, "GET"),
    "pages.home": (PUBLIC, "GET"),
    "pages.cases": (PUBLIC, "GET"),
    "pages.case": (PUBLIC, "GET"),
    "pages.case_document": (PUBLIC, "GET"),
    "pages.news": (PUBLIC, "GET"),
    "pages.news_of_month": (PUBLIC, "GET"),
    "pages.privacy": (PUBLIC, "GET"),
    "petitions.index": (PUBLIC, "GET"),
    "petitions.show": (PUBLIC, "GET"),
    "petitions.document": (PUBLIC, "GET"),
    "petitions.count": (PUBLIC, "GET"),
    "petitions.signatories": (PUBLIC, "GET"),
    "petitions.sign": (PUBLIC, "POST"),
    "petitions.thanks": (PUBLIC, "GET"),
    "petitions.confirm_code": (TOKEN, "POST"),
    "petitions.confirmed": (PUBLIC, "GET"),
    "signatures.show": (TOKEN, "GET"),
    "signatures.act": (TOKEN, "POST"),
    "signatures.done": (TOKEN, "GET"),
    "donations.give": (PUBLIC, "GET"),
    "donations.send": (PUBLIC, "POST"),
    "donations.thanks": (PUBLIC, "GET"),
    "donations.cancelled": (PUBLIC, "GET"),
    "donations.stripe_webhook": (MACHINE, "POST"),
    "dev_mail.index": (LOOPBACK, "GET"),
    "dev_mail.show": (LOOPBACK, "GET"),
    "office.login": (DOOR, "GET POST"),
    "office.login_link": (DOOR, "GET"),
    "office.enter_by_link": (DOOR, "POST"),
    "office.logout": (OFFICE, "POST"),
    "office.account": (OFFICE, "GET POST"),
    "office.dashboard": (OFFICE, "GET"),
    "office.audit_chain": (OFFICE, "GET"),
    "office.case": (OFFICE, "GET"),
    "office.new_case": (OFFICE, "GET POST"),
    "office.edit_case": (OFFICE, "GET POST"),
    "office.safety": (OFFICE, "GET POST"),
    "office.new_person": (OFFICE, "GET POST"),
    "office.edit_person": (OFFICE, "GET POST"),
    "office.remove_person": (OFFICE, "POST"),
    "office.new_event": (OFFICE, "GET POST"),
    "office.edit_event": (OFFICE, "GET POST"),
    "office.remove_event": (OFFICE, "POST"),
    "office.petition": (OFFICE, "GET"),
    "office.new_petition": (OFFICE, "GET POST"),
    "office.edit_petition": (OFFICE, "GET POST"),
    "office.act": (OFFICE, "POST"),
    "office.new_recipient": (OFFICE, "GET POST"),
    "office.edit_recipient": (OFFICE, "GET POST"),
    "office.remove_recipient": (OFFICE, "POST"),
    "office.export": (OFFICE, "POST"),
}
# What a route's arguments are in these tests, by name; slug means another thing in each room.
ARGUMENTS: dict[str, Any] = {
    "filename": "css/site.css", "year": 2010, "month": "05", "secret": "a" * 43, "purpose": "withdraw",
    "mail_id": "nothing",
    "name": "close", "case_id": 1, "petition_id": 1, "part_id": 1, "recipient_id": 1,
}  # fmt: skip
SLUGS = {"pages": "a-case", "donations": "a-case", "petitions": "a-petition"}
# A form that would be taken if its token were there, by endpoint; fields that nobody asks for do no harm.
FIELDS: dict[str, dict[str, str]] = {
    "petitions.sign": {"name": "Ada Example", "email": "ada@example.org", "country": "IE", "visibility": "recipients"},
    "donations.send": {
        "amount": "25",
        "currency": "EUR",
        "frequency": "once",
        "name": "Ada",
        "email": "ada@example.org",
    },
    "office.new_case": {"slug": "new", "title": "New", "country": "KZ", "status": "active"},
}
UNKNOWN = {
    "signatures.show",
    "signatures.done",
    "dev_mail.show",
    "office.login_link",
}  # a secret that nobody was sent: 404, 410
