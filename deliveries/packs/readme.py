"""README.txt: what each file is for, and how the pack is checked."""

from flask_babel import gettext as _

from core import site_signature
from deliveries.documents import words
from deliveries.documents.facts import Facts

LIST = ("annex", "signatures", "proofs", "log")


def readme(facts: Facts, number: str) -> bytes:
    """In the words of the delivery's language, where the site has them; plain text, its last line the document number."""
    with words.in_words_of(facts):
        files = [f"{name}: {what}" for name, what in _files(facts)]
        parts = [
            _("Delivery %(delivery)s: “%(title)s”", delivery=facts.delivery, title=facts.texts.title),
            "\n".join(files),
            "\n".join(_checking(facts)),
            "\n".join([_("A check proves"), *(f"- {said}" for said in words.proves())]),
            "\n".join([_("It does not prove"), *(f"- {said}" for said in words.proves_not())]),
            words.log_limits(),
            _("Document number: %(number)s", number=number),
        ]
    return ("\n\n".join(parts) + "\n").encode()


def _files(facts: Facts) -> list[tuple[str, str]]:
    told = [
        ("letter.pdf", _("the letter with its cover sheet, to be filed")),
        (
            "annex*.pdf",
            _("everybody who agreed to be named to the recipient, numbered; in volumes where the list is long"),
        ),
        ("signatures.*", _("the same lines as tables")),
        ("method.pdf", _("how the signatures were collected and confirmed, and what was removed")),
        ("proofs.csv", _("what finds each line in the public log of the petition, for programs")),
        ("checkpoint.txt", _("the signed state of that log")),
        ("log.bin", _("the log up to there: 32 bytes for each entry")),
        ("manifest.json", _("what this delivery is, with the SHA-256 of every file")),
        ("manifest.json.sig", _("the site's Ed25519 signature under the manifest")),
    ]
    return [(name, what) for name, what in told if not (facts.count_only and name.startswith(LIST))]


def _checking(facts: Facts) -> list[str]:
    said = [_("To check a file, give it to this page: %(page)s", page=facts.check)]
    if facts.dangerous:
        said.append(
            _("The page asks for the code of the cover sheet first: a list that got into wrong hands proves nothing.")
        )
    groups = site_signature.in_groups(facts.fingerprint)
    said.append(_("The signing key's fingerprint begins: %(groups)s", groups=groups))
    said.append(
        _(
            "Compare it with one that you have by another way, say by telephone: a forged pack would name its own key here."
        )
    )
    return said
