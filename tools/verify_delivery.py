#!/usr/bin/env python3
"""Checks a delivery that an Undersigned site has made, offline: nothing of the site is needed, and nothing is sent anywhere.

    python verify_delivery.py PACK.zip|FOLDER [--key FINGERPRINT-OR-BASE64] [--log log.bin] [--json]

Needs Python 3.9 or later and the package `cryptography`. It finds one changed byte, a removed or moved line, a swapped
manifest. Give the key's fingerprint as you know it from another place than the pack: without it nobody can tell who signed,
and the answer is "signer unverified". It ends with 0: all well; 1: something is wrong, or the signer is unverified; 2: used
wrongly."""

from __future__ import annotations

import argparse
import base64
import binascii
import csv
import hashlib
import hmac
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from xml.etree import ElementTree

MANIFEST, SIGNATURE, PROOFS, LOG, CHECKPOINT = (
    "manifest.json", "manifest.json.sig", "proofs.csv", "log.bin", "checkpoint.txt",
)  # fmt: skip
MANIFEST_CONTEXT, LOG_VERSION, LEAF = "undersigned/manifest/v1", "undersigned/log/v1", 32
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TABLE, TEXT = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}", "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
LOGGED = ("name", "role", "affiliation", "country_code", "signed_on")
SHAPE = {
    "delivery": str, "site": str, "petition": dict, "lines": int, "columns": list, "files": list, "key": dict,
    "filters": dict,
}  # fmt: skip
DAMAGED = (  # what reading a pack that was changed may end in
    zipfile.BadZipFile, zlib.error, struct.error, csv.Error, ElementTree.ParseError, OSError, EOFError, ValueError,
    RuntimeError,
)  # fmt: skip
MISSHAPEN = (*DAMAGED, KeyError, TypeError, AttributeError, IndexError, OverflowError)
DROPPINGS = {".DS_Store", "Thumbs.db", "desktop.ini"}  # of file managers, where somebody has looked into the folder
TOLD = 10  # lines that are named; of further ones only the number
CHUNK = 1 << 20
# How a table keeps a spreadsheet from running a cell: an apostrophe before it. Here it is taken away again, exactly.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
SKIPPED = " \u00a0\u3000\ufeff\"'\u200b"
GUARDED = re.compile(rf"(?!\A)([;\t\r\n][{SKIPPED}]*)'(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")

Line = dict[str, str]  # texts by column
Said = dict[str, Any]  # what a manifest says


class Unusable(Exception):
    """What was given cannot be checked at all; the text says what to do."""


class Broken(Exception):
    """What is wrong makes the rest of a check pointless; the text says what it is."""


class Report:
    """What was found, sentence by sentence."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def good(self, sentence: str) -> None:
        self.said.append(("ok", sentence))

    def bad(self, sentence: str) -> None:
        self.said.append(("wrong", sentence))

    def note(self, sentence: str) -> None:
        self.said.append(("note", sentence))

    def check(self, holds: bool, well: str, wrong: str) -> None:
        (self.good if holds else self.bad)(well if holds else wrong)

    @property
    def well(self) -> bool:
        return not any(kind == "wrong" for kind, _ in self.said)


class Pack:
    """The files of a pack by name, wherever they lie; a folder around all of them is stepped into."""

    def __init__(self, sizes: dict[str, int], opener: Callable[[str], Any]) -> None:
        self._open = opener
        found = [name for name in sizes if name.rpartition("/")[2] == MANIFEST]
        if not found:
            raise Unusable(
                f"There is no {MANIFEST} in it, so it is no delivery. Give the zip file or the unpacked folder."
            )
        self._prefix = min(found, key=len)[: -len(MANIFEST)]
        self.sizes = {
            name[len(self._prefix) :] if name.startswith(self._prefix) else name: sizes[name] for name in sizes
        }

    def open(self, name: str) -> BinaryIO:
        file: BinaryIO = self._open(self._prefix + name)
        return file

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()


def open_pack(path: Path) -> Pack:
    """The pack at a path. Raises Unusable."""
    if path.is_dir():
        sizes = {
            one.relative_to(path).as_posix(): one.stat().st_size
            for one in path.rglob("*") if one.is_file() and one.name not in DROPPINGS
        }  # fmt: skip
        return Pack(sizes, lambda name: (path / name).open("rb"))
    if not path.is_file():
        raise Unusable(f"There is no {path}.")
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED:
        raise Unusable(
            f"{path.name} is no whole zip file. One that ends with .age must be decrypted with age first."
        ) from None
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unusable(f"{path.name} has a password. Unpack it, say with 7-Zip, and give the folder that comes out.")
    if len({entry.filename for entry in entries}) < len(entries):
        raise Unusable(f"{path.name} holds two files of one name, which no delivery does. Do not use it.")
    return Pack({entry.filename: entry.file_size for entry in entries}, archive.open)


def frame(*parts: str) -> bytes:
    """The parts, each after four bytes of its length."""
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


LEAF_FRAME, COLUMN_FRAMES = frame("leaf"), {column: frame("column", column) for column in LOGGED}


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether that Ed25519 key made this signature over these bytes."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def decoded(text: Any) -> bytes:
    """Bytes out of base64; none for what is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return b""


def wanted_key(given: str) -> str:
    """What a key's fingerprint must begin with. Raises Unusable."""
    digits = re.sub(r"[\s:-]", "", given).lower()
    if re.fullmatch("[0-9a-f]{32,64}", digits):
        return digits
    key = decoded(given.strip())
    if len(key) != 32:
        raise Unusable("--key takes the fingerprint (32 to 64 digits 0-9 and a-f) or the public key in base64.")
    return hashlib.sha256(key).hexdigest()


def read_manifest(pack: Pack) -> tuple[bytes, Said]:
    """The manifest's bytes and what it says. Raises Broken."""
    raw = pack.read(MANIFEST)
    try:
        said = json.loads(raw.decode("utf-8"))
    except ValueError:
        raise Broken(f"{MANIFEST} cannot be read: it was changed, or did not arrive whole.") from None
    if not isinstance(said, dict) or said.get("version") != MANIFEST_CONTEXT:
        raise Broken(f"{MANIFEST} is none that this program knows ({MANIFEST_CONTEXT}): it was changed, or is newer.")
    missing = [name for name, kind in SHAPE.items() if not isinstance(said.get(name), kind)]
    if missing:
        raise Broken(f"{MANIFEST} lacks what every manifest has: {', '.join(missing)}.")
    return raw, said


def check_signature(report: Report, pack: Pack, raw: bytes, said: Said, wanted: str | None) -> bytes:
    """Who signed the manifest. The key's bytes."""
    key = decoded(said["key"].get("public"))
    mine = hashlib.sha256(key).hexdigest()
    signature = pack.read(SIGNATURE) if SIGNATURE in pack.sizes else b""
    report.check(
        signed(key, signature, frame(MANIFEST_CONTEXT) + raw),
        f"{MANIFEST} is signed by the key with the fingerprint {mine}.",
        f"{MANIFEST} is not what {SIGNATURE} signs: one of them was changed, or is of another delivery.",
    )
    if mine != said["key"].get("fingerprint"):
        report.bad(f"{MANIFEST} names another fingerprint than its key has.")
    if wanted is None:
        report.bad(
            "Signer unverified: give the fingerprint, as you know it from another place than this pack, by --key."
        )
    else:
        report.check(
            mine.startswith(wanted), "That is the key that you gave.",
            f"The signer is somebody else: the key that you gave begins {wanted[:16]}, the pack's {mine[:16]}.",
        )  # fmt: skip
    return key


def check_files(report: Report, pack: Pack, said: Said) -> None:
    """Every file byte by byte, none missing, none too many."""
    listed = {str(one.get("name")): one for one in said["files"] if isinstance(one, dict)}
    missing = [name for name in listed if name not in pack.sizes]
    for name in missing:
        report.bad(f"{name} is missing: the manifest lists it.")
    for name in sorted(set(pack.sizes) - set(listed) - {MANIFEST, SIGNATURE}):
        report.bad(f"{name} is a file too many: the manifest does not list it.")
    present = [name for name in listed if name in pack.sizes]
    changed = {name: wrong for name in present if (wrong := changed_how(pack, name, listed[name]))}
    for name, wrong in changed.items():
        report.bad(f"{name} is not the file that was signed: {wrong}.")
    if len(changed) == len(present) > 1:
        report.bad(f"No file is the one that was signed: {MANIFEST} is of another delivery.")
    if present and not changed and not missing:
        report.good(f"All {len(present)} files are, byte for byte, the ones that were signed.")


def changed_how(pack: Pack, name: str, listed: Said) -> str:
    """How a file differs from what is listed; empty where it does not."""
    if pack.sizes[name] != listed.get("size"):
        return f"it has {pack.sizes[name]} bytes instead of {listed.get('size')}"
    digest = hashlib.sha256()
    try:
        with pack.open(name) as file:
            for chunk in iter(lambda: file.read(CHUNK), b""):
                digest.update(chunk)
    except DAMAGED as error:
        return f"it cannot be unpacked ({error})"
    return "" if digest.hexdigest() == listed.get("sha256") else "at least one byte differs"


def check_log(report: Report, pack: Pack, said: Said, key: bytes, other: Path | None) -> set[bytes] | None:
    """Whether the log is what its checkpoint signs. The leaves, or None where there is no log to look into."""
    about = said.get("log")
    if not isinstance(about, dict):
        report.note("This delivery names no log.")
        return None
    size, note = int(about.get("size", 0)), str(about.get("note", ""))
    if CHECKPOINT in pack.sizes and pack.read(CHECKPOINT) != note.encode():
        report.bad(f"{CHECKPOINT} is not the checkpoint in {MANIFEST}.")
    origin = f"{urlsplit(said['site']).hostname}/petitions/{said['petition'].get('public_id')}"
    digest = bytes.fromhex(str(about.get("sha256", "")))
    text = f"{origin}\n{size}\n{base64.b64encode(digest).decode()}\n"
    report.check(
        note.startswith(text + "\n") and noted(note[len(text) + 1 :], text, origin, key),
        f"The checkpoint of the log at {size} entries is signed by the same key.",
        "The checkpoint of the log is not signed by that key, or is not of this petition, size and hash.",
    )
    if other is None and LOG not in pack.sizes:
        report.note(
            f"There is no {LOG} in it: fetch the petition's log from the site and give it by --log, to check that too."
        )
        return None
    log = (pack.read(LOG) if other is None else other.read_bytes())[: size * LEAF]
    report.check(
        len(log) == size * LEAF and hashlib.sha256(log).digest() == digest,
        f"The log begins with exactly the {size} entries of the checkpoint.",
        f"The log does not begin with the {size} entries that the checkpoint signs: entries were changed, or are missing.",
    )
    return {log[start : start + LEAF] for start in range(0, len(log), LEAF)}


def noted(lines: str, text: str, name: str, key: bytes) -> bool:
    """Whether one of a signed note's lines is this key's, under this name. Source: C2SP signed-note."""
    for line in lines.splitlines():
        mark, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        raw = decoded(encoded)
        known = hashlib.sha256(name.encode() + b"\n\x01" + key).digest()[:4]
        if mark == "\u2014" and signer == name and raw[:4] == known and signed(key, raw[4:], text.encode()):
            return True
    return False


def table(pack: Pack, name: str) -> Iterator[list[str]]:
    """The rows of a CSV file."""
    with pack.open(name) as file:
        yield from csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline=""))


def unguarded(cell: str) -> str:
    """The cell without the apostrophes that keep a spreadsheet from running it."""
    if cell.startswith("'") and cell[1:].lstrip(SKIPPED).startswith(STARTS):
        cell = cell[1:]
    return GUARDED.sub(r"\1", cell)


def listed_lines(pack: Pack, name: str, columns: list[str]) -> Iterator[Line]:
    """The lines of a list, each as texts by column; what follows the list (counts, document number) is left out."""
    for row in LISTS[name](pack, name):
        if str(row[0]):
            yield dict(zip(columns, map(str, row)))


def csv_rows(pack: Pack, name: str) -> Iterator[list[str]]:
    """The rows of a CSV file of ours below its header, which is in the list's language."""
    rows = table(pack, name)
    next(rows, None)
    for row in rows:
        if row:
            yield [row[0], *map(unguarded, row[1:])]


def json_rows(pack: Pack, name: str) -> Iterator[list[Any]]:
    """The rows of a JSON file, which stand in a line each: a million of them at once would fill the memory."""
    with pack.open(name) as file:
        for line in io.TextIOWrapper(file, "utf-8"):
            if line.startswith("["):
                yield json.loads(line.rstrip().rstrip(","))


def xlsx_rows(pack: Pack, name: str) -> Iterator[list[str]]:
    """The rows of an XLSX file of ours, sheet after sheet, below the header of each."""
    with zipfile.ZipFile(io.BytesIO(pack.read(name))) as book:
        for place in range(1, 1 + sum(entry.startswith("xl/worksheets/sheet") for entry in book.namelist())):
            with book.open(f"xl/worksheets/sheet{place}.xml") as sheet:
                parts = ElementTree.iterparse(sheet)  # noqa: S314 - expat fetches nothing, and stops what swells
                rows = (row for _, row in parts if row.tag == SHEET + "row")
                next(rows, None)
                for row in rows:
                    cells = {cell.get("r", "").rstrip("0123456789"): cell for cell in row}
                    texts = ["".join(cells[column].itertext()) if column in cells else "" for column in "ABCDEFG"]
                    row.clear()
                    yield [texts[0], *map(unguarded, texts[1:])]


def ods_rows(pack: Pack, name: str) -> Iterator[list[str]]:
    """The rows of an ODS file of ours, sheet after sheet, below the header of each."""
    with zipfile.ZipFile(io.BytesIO(pack.read(name))) as book, book.open("content.xml") as content:
        heading = False
        parts = ElementTree.iterparse(content, ("start", "end"))  # noqa: S314 - as above
        for event, part in parts:
            if part.tag == TABLE + "table-header-rows":
                heading = event == "start"
            elif part.tag == TABLE + "table-row" and event == "end":
                texts = ["\n".join(map(ods_text, cell.iter(TEXT + "p"))) for cell in part]
                part.clear()
                if not heading:
                    yield [texts[0], *map(unguarded, texts[1:])]


def ods_text(paragraph: ElementTree.Element) -> str:
    """A paragraph's text; spaces that XML would fold stand in it as a number of them."""
    spaces = ((" " * int(part.get(TEXT + "c", "1")), part.tail or "") for part in paragraph.iter(TEXT + "s"))
    return (paragraph.text or "") + "".join(map("".join, spaces))


LISTS = {
    "signatures.json": json_rows, "signatures.csv": csv_rows, "signatures.xlsx": xlsx_rows, "signatures.ods": ods_rows,
}  # fmt: skip


def leaf_of(proof: Line, line: Line, petition: str) -> bytes:
    """The log's entry that a line must have, by what `proofs.csv` gives for it."""
    if "secret" in proof:
        secret = bytes.fromhex(proof["secret"])
        key, shown = mac(secret, LEAF_FRAME), list(LOGGED)
        keys = {column: mac(secret, framed) for column, framed in COLUMN_FRAMES.items()}
    else:
        key, shown = bytes.fromhex(proof["leaf"]), [column for column in LOGGED if column in line]
        keys = {column: bytes.fromhex(proof[column]) for column in LOGGED}
    marks = [mac(keys[one], line[one].encode()) if one in shown else keys[one] for one in LOGGED]
    return mac(key, frame(LOG_VERSION, petition, "add", proof["id"], proof["text"]) + b"".join(marks))


def proofs_of(pack: Pack) -> Iterator[Line]:
    """What `proofs.csv` gives for each line, in its order. Raises Broken."""
    rows = table(pack, PROOFS)
    seen: set[str] = set()
    columns = next(rows, [])
    for expected, row in enumerate((row for row in rows if row and row[0]), start=1):
        proof = dict(zip(columns, map(unguarded, row)))  # an id may begin with a dash
        if row[0] != str(expected):
            raise Broken(f"{PROOFS}: line {expected} is missing, or stands elsewhere: line {row[0]} is in its place.")
        if proof["id"] in seen:
            raise Broken(f"{PROOFS}: line {expected} is a signature that stands there before.")
        seen.add(proof["id"])
        yield proof


def paired(pack: Pack, name: str, columns: list[str]) -> Iterator[tuple[Line, Line]]:
    """Each line of a list with its proof, every one in its place. Raises Broken."""
    proofs, number = proofs_of(pack), 0
    for number, line in enumerate(listed_lines(pack, name, columns), start=1):
        if line["number"] != str(number):
            raise Broken(f"{name}: line {number} is missing, or elsewhere: line {line['number']} is in its place.")
        proof = next(proofs, None)
        if proof is None:
            raise Broken(f"{name}: line {number} has no proof in {PROOFS}.")
        yield line, proof
    if next(proofs, None) is not None:
        raise Broken(f"{name}: line {number + 1} is missing: {PROOFS} has more lines than the list.")


def check_lines(report: Report, pack: Pack, said: Said, leaves: set[bytes], name: str) -> None:
    """Each line of a list: that it stands in its place, says what was logged, and how many there are. Raises Broken."""
    petition, number = str(said["petition"].get("public_id")), 0
    wrong: list[int] = []
    for number, (line, proof) in enumerate(paired(pack, name, said["columns"]), start=1):
        if leaf_of(proof, line, petition) not in leaves:
            wrong.append(number)
    for place in wrong[:TOLD]:
        report.bad(f"{name}: line {place} does not say what its signatory signed: it is not in the log.")
    if len(wrong) > TOLD:
        report.bad(f"{name}: {len(wrong) - TOLD} further lines are not in the log.")
    report.check(number == said["lines"], f"{name} has as many lines as the manifest counts: {number}.",
                 f"{name} has {number} lines, the manifest counts {said['lines']}.")  # fmt: skip
    if not wrong:
        report.good(f"{name}: every line is in the log.")


def check_lists(report: Report, pack: Pack, said: Said, leaves: set[bytes] | None) -> None:
    """The lists that a program can read."""
    present = [name for name in LISTS if name in pack.sizes]
    if leaves is None or PROOFS not in pack.sizes:
        report.bad(f"Without {PROOFS} and {LOG} nobody can tell whether the lines of the list are in the log.")
        return
    if not present:
        report.note("The list is in no file that this program reads, so its lines were not compared with the log.")
    for name in present:
        try:
            check_lines(report, pack, said, leaves, name)
        except Broken as broken:
            report.bad(str(broken))
        except MISSHAPEN:
            report.bad(f"{name}: its lines or those of {PROOFS} cannot be read: one of them was changed.")


def verify(pack: Pack, wanted: str | None, log: Path | None) -> tuple[Report, Said]:
    """The whole check: what was found, and what the manifest says."""
    report = Report()
    said: Said = {}
    try:
        raw, said = read_manifest(pack)
        key = check_signature(report, pack, raw, said, wanted)
        check_files(report, pack, said)
        leaves = check_log(report, pack, said, key, log)
        if said["filters"].get("count_only") is not True:
            check_lists(report, pack, said, leaves)
    except Broken as broken:
        report.bad(str(broken))
    except MISSHAPEN as error:
        report.bad(f"The pack is damaged or was changed: it cannot be read to its end ({type(error).__name__}).")
    return report, said


def say(report: Report, said: Said, as_json: bool) -> None:
    about = {name: said.get(name) for name in ("delivery", "site", "check", "made_at", "lines")}
    if as_json:
        found = [{"is": kind, "says": sentence} for kind, sentence in report.said]
        print(json.dumps({"well": report.well, **about, "found": found}, ensure_ascii=False, indent=1))
        return
    if said:
        print(f"Delivery {about['delivery']} of {about['site']}, lines: {about['lines']}, made {about['made_at']}")
    for kind, sentence in report.said:
        print(f"{kind.upper():6}{sentence}")
    print("All is well." if report.well else "Do not rely on this pack before what is WRONG above is cleared up.")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks a delivery of Undersigned offline.")
    parser.add_argument("pack", type=Path, help="the zip file, or the folder that it was unpacked to")
    parser.add_argument("--key", help="the signer's fingerprint or public key, as known from another place")
    parser.add_argument("--log", type=Path, help="the petition's log as the site shows it today")
    parser.add_argument("--json", action="store_true", help="answer for a program")
    given = parser.parse_args(arguments)
    try:
        import cryptography  # noqa: F401

        wanted = None if given.key is None else wanted_key(given.key)
        if given.log is not None and not given.log.is_file():
            raise Unusable(f"There is no {given.log}.")
        report, said = verify(open_pack(given.pack), wanted, given.log)
    except ImportError:
        print("The package 'cryptography' is missing: python -m pip install cryptography", file=sys.stderr)
        return 2
    except Unusable as unusable:
        print(unusable, file=sys.stderr)
        return 2
    say(report, said, given.json)
    return 0 if report.well else 1


if __name__ == "__main__":
    sys.exit(main())
