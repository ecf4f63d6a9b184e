"""What makes two signatories look alike: the domain, the family of an address, the key of a name. Nothing here is stored."""

import re
import unicodedata
from fnmatch import fnmatchcase

from core.mailboxes.canonical import canonical, tagged
from core.mailboxes.mail_domains import LOOK_ALIKES, PROVIDERS, hint_for

DIGITS_AS_LETTERS = str.maketrans("0135", "oies")
PIECE = 3  # letters of a name that an address must share to be called its own
LETTERS = re.compile(r"[a-z]+")
SEPARATORS = re.compile(r"[._\-]+")
LAST_DIGITS = re.compile(r"\d+$")


def folded(text: str) -> str:
    """The text as an eye takes it: compatibility forms, accents, case and look-alike letters made equal."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).lower())
    return "".join(c for c in spread if unicodedata.category(c) not in ("Mn", "Cf")).translate(LOOK_ALIKES)


def mailbox(email: str) -> tuple[str, str]:
    """The part before the @ and the domain of the canonical address; of one that has none, as it stands."""
    try:
        local, _at, domain = canonical(email).rpartition("@")
    except UnicodeError:
        local, _at, domain = email.lower().rpartition("@")
    return local, domain


def domain_of(email: str) -> str:
    return mailbox(email)[1]


def family_of(email: str) -> str:
    """What addresses made from one another share: without tag, dots, hyphens and the digits at the end."""
    local, domain = mailbox(email)
    stem = SEPARATORS.sub("", local)
    return f"{LAST_DIGITS.sub('', stem) or stem}@{domain}"


def is_alias(email: str) -> bool:
    """Whether the address carries a tag, or more than one dot: forms by which one mailbox has many addresses."""
    try:
        return email.rpartition("@")[0].count(".") > 1 or tagged(email)
    except UnicodeError:
        return False


def name_key(name: str) -> str:
    """The name without case, accents, order of its words, and with each number alike: 'Test 17' is 'test 4'."""
    return " ".join(sorted(re.sub(r"\d+", "#", folded(name)).replace(".", " ").replace(",", " ").split()))


def is_own(name: str, email: str) -> bool | None:
    """Whether an address is made of the name, as most people's is; None where the name's letters cannot tell."""
    words = LETTERS.findall(folded(name)) if _is_latin(name) else []
    long_ones = [word for word in words if len(word) >= PIECE]
    if not long_ones:
        return None
    bare, initials = SEPARATORS.sub("", email.lower().rpartition("@")[0]), "".join(word[0] for word in words)
    return (len(initials) >= PIECE and bare.startswith(initials)) or any(
        word[: max(PIECE, len(word) - 2)] in bare for word in long_ones
    )


def is_mixed(text: str) -> bool:
    """Whether Latin stands within one word beside letters that are mistaken for it: 'Аda' with a Cyrillic А."""
    if text.isascii():
        return False
    return any(_scripts(word) >= {"LATIN"} and _scripts(word) & {"CYRILLIC", "GREEK"} for word in text.split())


def imitates(email: str) -> bool:
    """Whether the domain looks like a well-known one without being it."""
    domain = email.rpartition("@")[2].lower()
    if domain in PROVIDERS:
        return False
    seen = folded(_shown(domain)).translate(DIGITS_AS_LETTERS).replace("rn", "m").replace("vv", "w")
    return seen in PROVIDERS or hint_for(email) is not None


def fits(pattern: str, text: str) -> bool:
    """Whether the text is like the pattern, in which * stands for anything and ? for one sign."""
    return fnmatchcase(folded(text), folded(pattern))


def _shown(domain: str) -> str:
    try:
        return domain.encode("ascii").decode("idna") if "xn--" in domain else domain
    except UnicodeError:
        return domain


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(c, "").partition(" ")[0] for c in text if unicodedata.category(c)[0] == "L"}


def _is_latin(text: str) -> bool:
    return text.isascii() or _scripts(text) <= {"LATIN"}
