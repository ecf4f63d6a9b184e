"""The code that opens the files behind a clerk's link: told by telephone, never in the mail; and the key that it makes.

Link and code together give the key of the copy that lies ready for the clerk, by scrypt: whoever holds the mail and a copy of
the database or of the disk still has 50 bits to try, each at the price of some 70 ms and 16 MB."""

import hashlib
import secrets
from typing import NamedTuple

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LENGTH, GROUP = 10, 5
MISREAD = str.maketrans("018", "OIB")  # digits that no code has, for the letters that they look like
COST = {"n": 2**14, "r": 8, "p": 1}
BOUND = b"undersigned/clerk/v1/"


class Opened(NamedTuple):
    """What a link's secret and a code make: the copy's key, and what the database keeps to know the code again."""

    key: bytes
    digest: bytes


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _letter in range(LENGTH))


def in_groups(code: str) -> str:
    """As it is read out: ABCDE-FGHIJ."""
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def normalised(typed: str) -> str:
    """A code as it was made, however it was typed."""
    return "".join(typed.upper().split()).replace("-", "").translate(MISREAD)


def derive(secret: str, code: str) -> Opened:
    """`code`: normalised; one of another length derives, too, so that no answer is faster than another."""
    made = hashlib.scrypt(code.encode(), salt=BOUND + secret.encode(), dklen=64, **COST)
    return Opened(made[:32], hashlib.sha256(made[32:]).digest())
