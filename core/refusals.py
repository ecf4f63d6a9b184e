"""Of whom a mail server's refusal for good speaks: of the recipient's mailbox, or of us, our mail, our provider, the way.

Only the first ends a mail at once. The others pass, as a day's quota does, or are for a person to mend: it is tried again."""

import re
import smtplib

ENHANCED = re.compile(rb"\A\s*5\.(\d{1,3})\.(\d{1,3})\b")
FOR_GOOD = 500

# RFC 3463 and IANA's registry of enhanced codes, by subject: does 5.<subject>.x speak of the recipient?
SUBJECTS = {
    1: True,  # the address
    2: True,  # the mailbox
    3: False,  # the receiving system: full, away, badly set up
    4: False,  # network and routing; 5.4.5 is what providers answer when a day's quota is used up
    5: False,  # the protocol
    6: False,  # the content
    7: False,  # policy: our address, our reputation, our login
}
EXCEPTIONS = {
    (1, 7): False, (1, 8): False,  # the sender's address
    (4, 1): True, (4, 4): True,  # large providers say so of a mailbox, or of a domain, that is not there
    (7, 17): True, (7, 18): True,  # the mailbox or the domain has a new owner (RFC 7293)
}  # fmt: skip
OURS_WITHOUT_DETAIL = (
    530,
    534,
    535,
    538,
    554,
)  # login, encryption, "transaction failed"; the other bare ones name the mailbox


def of_recipient(error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> bool:
    """Whether the mailbox itself has refused for good: at RCPT, or after the mail where the answer says so expressly."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(
            _speaks_of_it(code, text, bare=code not in OURS_WITHOUT_DETAIL) for code, text in error.recipients.values()
        )
    text = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
    return _speaks_of_it(error.smtp_code, text, bare=False)  # a bare answer to a mail is about the mail


def status_of_recipient(status: str) -> bool:
    """The same of a delivery report's status, like 5.1.1."""
    return ENHANCED.match(status.encode()) is not None and _speaks_of_it(FOR_GOOD, status.encode(), bare=False)


def _speaks_of_it(code: int, text: bytes, *, bare: bool) -> bool:
    if code < FOR_GOOD:
        return False
    detail = ENHANCED.match(text)
    if detail is None:
        return bare
    subject, number = int(detail[1]), int(detail[2])
    return EXCEPTIONS.get((subject, number), SUBJECTS.get(subject, bare))
