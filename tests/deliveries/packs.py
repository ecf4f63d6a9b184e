"""Packs as a site makes them, for whatever checks packs: made of the log's leaves and the site's own signature format."""

import hashlib
import json
import secrets
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import site_signature
from core.spreadsheets.ods import write_ods
from core.spreadsheets.xlsx import write_xlsx
from core.tables import Row, write_csv
from deliveries.log import leaves
from deliveries.seals import MANIFEST

ALL = ("number", "name", "role", "affiliation", "country", "country_code", "signed_on")
SITE, PETITION = "https://campaign.example", "0123456789abcdef"
PEOPLE = (
    ("Ada Example", "Mayor", "City; =Hall", "IE", "2026-05-06"),
    ("=cmd|' /C calc'!A0", "-role", "", "KZ", "2026-05-07"),
    ("Жанна Тестова", "", "'@union", "KZ", "2026-05-07"),
    ('O\'Neil "Bo"', "\u3000+1", "a;'=b", "IE", "2026-05-08"),
    ("Даниил", "", "", "AT", "2026-05-09"),
)
Person = Sequence[str]


@dataclass
class Pack:
    """A pack before it is signed: everything that goes into it may be changed first."""

    people: Sequence[Person] = PEOPLE
    columns: tuple[str, ...] = ALL
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    others: int = 3  # leaves of the log that are not on the list
    json: bool = True
    count_only: bool = False

    def __post_init__(self) -> None:
        self.rows = [self.row(number, person) for number, person in enumerate(self.people, start=1)]
        made = [self.proof(person) for person in self.people]
        self.proofs = [[number, *proof] for number, (proof, _leaf) in enumerate(made, start=1)]
        self.leaves = [leaf for _proof, leaf in made]
        self.log = b"".join(sorted([*self.leaves, *(secrets.token_bytes(32) for _ in range(self.others))]))

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        return site_signature.fingerprint(self.public_key)

    def row(self, number: int, person: Person) -> list[Any]:
        values = dict(zip(leaves.LOGGED, person, strict=True)) | {"number": number, "country": person[3].title()}
        return [values[column] for column in self.columns]

    def proof(self, person: Person) -> tuple[list[str], bytes]:
        """What proofs.csv says of a line after its number, and the line's leaf."""
        secret = leaves.secret_of(secrets.token_hex(32), secrets.token_bytes(16))
        public_id, text = "-" + secrets.token_urlsafe(15), secrets.token_hex(32)  # as ids may begin
        leaf = leaves.leaf(
            leaves.leaf_key(secret), leaves.Bound(PETITION, public_id, text), leaves.marks_of(secret, person)
        )
        return [public_id, text, *leaves.proof(secret, person, self.columns).values()], leaf

    def files(self) -> dict[str, bytes]:
        """The files that the manifest lists."""
        files = {"README.txt": b"Read me " + secrets.token_hex(16).encode(), "letter.pdf": secrets.token_bytes(500)}
        files["checkpoint.txt"] = self.note().encode()
        if not self.count_only:
            head = ["number", "id", "text", *(["secret"] if len(self.proofs[0]) == 4 else ["leaf", *leaves.LOGGED])]
            files["proofs.csv"] = table(head, [*self.proofs, ["", "document", secrets.token_hex(16)]])
            files["signatures.csv"] = table([f"The {one}" for one in self.columns], [*self.rows, *tail(self.columns)])
            files["log.bin"] = self.log
        if self.json and not self.count_only:
            lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in [*self.rows, *tail(self.columns)])
            files["signatures.json"] = (
                f'{{"document":"1","columns":{json.dumps(self.columns)},\n"rows":[\n{lines}\n]}}\n'.encode()
            )
        return files

    def note(self) -> str:
        """The checkpoint. Source: C2SP signed-note, as core.site_signature writes it."""
        name = f"campaign.example/petitions/{PETITION}"
        text = f"{name}\n{len(self.log) // 32}\n{b64encode(hashlib.sha256(self.log).digest()).decode()}\n"
        key_id = hashlib.sha256(name.encode() + b"\n\x01" + self.public_key).digest()[:4]
        return f"{text}\n— {name} {b64encode(key_id + self.key.sign(text.encode())).decode()}\n"

    def manifest(self, files: dict[str, bytes]) -> dict[str, Any]:
        listed = [
            {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "document": "1"}
            for name, content in files.items()
        ]
        log = {"size": len(self.log) // 32, "sha256": hashlib.sha256(self.log).hexdigest(), "note": self.note()}
        return {
            "version": MANIFEST, "delivery": "d" + secrets.token_urlsafe(15), "site": SITE, "check": f"{SITE}/deliveries/d",
            "petition": {"public_id": PETITION, "slug": "a-petition", "title": "Release them"}, "files": listed,
            "made_at": "2026-05-10T12:00:00+00:00", "lines": len(self.people), "columns": list(self.columns),
            "filters": {"count_only": self.count_only}, "log": log,
            "key": {"public": b64encode(self.public_key).decode(), "fingerprint": self.fingerprint},
            "random": secrets.token_hex(16),
        }  # fmt: skip

    def signed(self, files: dict[str, bytes] | None = None, **changes: Any) -> dict[str, bytes]:
        """The whole pack; `changes`: what its manifest says otherwise."""
        files = self.files() if files is None else files
        manifest = json.dumps(
            {**self.manifest(files), **changes}, indent=1, sort_keys=True, ensure_ascii=False
        ).encode()
        signature = self.key.sign(site_signature.bound(MANIFEST, manifest))
        return {**files, "manifest.json": manifest, "manifest.json.sig": signature}


def table(header: Row, rows: Iterable[Row]) -> bytes:
    return b"".join(write_csv(header, rows))


def workbook(rows: Sequence[Row], folder: Path) -> bytes:
    """The rows as an XLSX of two sheets, below a header each."""
    return b"".join(write_xlsx(["A header"], rows, folder=folder, rows_a_sheet=3))


def open_workbook(rows: Sequence[Row]) -> bytes:
    """The same as an ODS."""
    return b"".join(write_ods(["A header"], rows, rows_a_sheet=3))


def tail(columns: Sequence[str]) -> list[list[Any]]:
    """What ends a list: how many are only counted, and the document's number."""
    rest = [""] * (len(columns) - 3)
    return [["", "Signed as well:", 7, *rest], ["", "Document", secrets.token_hex(16), *rest]]


def unpacked(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def zipped(files: dict[str, bytes], path: Path, within: str = "") -> Path:
    with ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(within + name, content)
    return path
