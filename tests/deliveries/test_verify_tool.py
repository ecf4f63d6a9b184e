"""tools/verify_delivery.py on a machine that has nothing of ours: what it finds, and in which words."""

import ast
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cffi
import cryptography
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.tables import harmless
from deliveries.log import leaves
from tests.deliveries.packs import PEOPLE, Pack, open_workbook, table, tail, unpacked, workbook, zipped
from tests.syntax import parsed

TOOL = Path(__file__).parent.parent.parent / "tools" / "verify_delivery.py"
STANDARD = set(sys.stdlib_module_names) | {"cryptography", "__future__"}


@dataclass
class Machine:
    """Somebody's machine: Python, `cryptography`, and the program in a folder of its own."""

    folder: Path
    python: tuple[str, ...]

    def run(self, *arguments: Any) -> tuple[int, str]:
        """Its exit code and what it says."""
        done = subprocess.run(
            [*self.python, self.folder / "verify_delivery.py", *map(str, arguments)],
            cwd=self.folder, env={}, capture_output=True, text=True,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def check(self, pack: Pack, files: dict[str, bytes], *more: Any) -> tuple[int, str]:
        """The pack unpacked, checked with its signer's key."""
        folder = unpacked(files, self.folder / "pack")
        try:
            return self.run(folder, "--key", pack.fingerprint, *more)
        finally:
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Isolated and without site-packages: of what is installed here, `cryptography` and what it needs is copied in."""
    folder = tmp_path_factory.mktemp("machine")
    shutil.copy(TOOL, folder)
    packages = folder / "packages"
    packages.mkdir()
    installed = Path(cryptography.__file__).parent.parent
    for found in (cryptography.__file__, cffi.__file__):
        shutil.copytree(Path(found).parent, packages / Path(found).parent.name)
    for binding in installed.glob("_cffi_backend*"):
        shutil.copy(binding, packages)
    begin = f"import sys, runpy; sys.path.append({str(packages)!r}); sys.argv = sys.argv[1:]; "
    return Machine(
        folder, (sys.executable, "-I", "-S", "-c", begin + "runpy.run_path(sys.argv[0], run_name='__main__')")
    )


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_delivery", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_needs_nothing_but_the_standard_library_and_cryptography() -> None:
    tree = parsed(TOOL, feature_version=(3, 9))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= STANDARD


@pytest.mark.parametrize("within", ["", "delivery/"])
def test_a_whole_pack_is_well_as_folder_and_as_zip(machine: Machine, tmp_path: Path, within: str) -> None:
    pack = Pack()
    path = zipped(pack.signed(), tmp_path / "pack.zip", within)
    keys = (pack.fingerprint, pack.fingerprint[:32], pack.fingerprint[:32].upper(), b64encode(pack.public_key).decode())
    for key in (*keys, " ".join(pack.fingerprint[start : start + 4] for start in range(0, 32, 4))):
        code, said = machine.run(path, "--key", key)
        assert code == 0 and "All is well" in said, said
    assert "All 7 files" in said and "signatures.json: every line is in the log" in said
    assert "signatures.csv: every line is in the log" in said and "8 entries" in said
    assert machine.check(pack, pack.signed())[0] == 0


@pytest.mark.parametrize(
    "columns",
    [("number", "name"), ("number", "name", "country", "signed_on"), ("number", "name", "role", "country_code")],
)
def test_a_list_that_leaves_columns_out_is_found_in_the_log_too(machine: Machine, columns: tuple[str, ...]) -> None:
    pack = Pack(columns=columns)
    code, said = machine.check(pack, pack.signed())
    assert code == 0 and "signatures.csv: every line is in the log" in said, said


def test_a_delivery_of_numbers_only_is_well(machine: Machine, tmp_path: Path) -> None:
    pack, log = Pack(count_only=True), tmp_path / "log.bin"
    code, said = machine.check(pack, pack.signed())
    assert code == 0 and "checkpoint of the log at 8 entries is signed" in said and "give it by --log" in said
    log.write_bytes(pack.log)
    code, said = machine.check(pack, pack.signed(), "--log", log)
    assert code == 0 and "The log begins with exactly the 8 entries" in said


def without_lists(files: dict[str, bytes], **more: bytes) -> dict[str, bytes]:
    kept = {name: content for name, content in files.items() if not name.startswith("signatures")}
    return {**kept, **{name.replace("_", "."): content for name, content in more.items()}}


def test_a_spreadsheet_is_compared_with_the_log_too(machine: Machine, tmp_path: Path) -> None:
    pack, moved = Pack(), Pack()
    moved.rows[1], moved.rows[3] = [2, *moved.rows[3][1:]], [4, *moved.rows[1][1:]]
    for one, wanted, sentence in ((pack, 0, "every line is in the log"), (moved, 1, "line 4 does not say")):
        rows = [*one.rows, *tail(one.columns)]
        books = {"signatures_xlsx": workbook(rows, tmp_path), "signatures_ods": open_workbook(rows)}
        code, said = machine.check(one, one.signed(without_lists(one.files(), **books)))
        for name in ("signatures.xlsx", "signatures.ods"):
            assert code == wanted and f"{name}: {sentence}" in said, said
            assert f"{name} has as many lines as the manifest counts: 5." in said


def test_a_list_that_it_cannot_read_is_checked_by_its_bytes_and_it_says_so(machine: Machine) -> None:
    pack = Pack()
    code, said = machine.check(pack, pack.signed(without_lists(pack.files(), signatures_tsv=b"1\tAda")))
    assert code == 0 and "its lines were not compared with the log" in said


def test_without_a_key_from_elsewhere_the_signer_is_unverified(machine: Machine, tmp_path: Path) -> None:
    pack = Pack()
    code, said = machine.run(unpacked(pack.signed(), tmp_path / "pack"))
    assert code == 1 and "Signer unverified" in said and pack.fingerprint in said
    code, said = machine.run(tmp_path / "pack", "--json")
    told = json.loads(said)
    assert code == 1 and told["well"] is False and told["lines"] == len(PEOPLE)
    assert [one["says"] for one in told["found"] if one["is"] == "wrong"] == [told["found"][1]["says"]]


Change = Callable[[Pack, dict[str, bytes]], dict[str, bytes]]


def one_byte(name: str) -> Change:
    def change(pack: Pack, files: dict[str, bytes]) -> dict[str, bytes]:
        return {**files, name: bytes([files[name][0] ^ 1]) + files[name][1:]}

    return change


def without_line_3(pack: Pack, files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, "signatures.csv": table(["h"], [row for row in pack.rows if row[0] != 3])}


def lines_2_and_4_change_places(pack: Pack, files: dict[str, bytes]) -> dict[str, bytes]:
    rows = [pack.rows[place] for place in (0, 3, 2, 1, 4)]
    return {**files, "signatures.csv": table(["h"], rows)}


def last_line_gone(pack: Pack, files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, "signatures.csv": table(["h"], [*pack.rows[:-1], *tail(pack.columns)])}


def line_more(pack: Pack, files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, "signatures.csv": table(["h"], [*pack.rows, [6, *pack.rows[0][1:]]])}


def without(name: str) -> Change:
    return lambda pack, files: {one: content for one, content in files.items() if one != name}


def cut(name: str) -> Change:
    return lambda pack, files: {**files, name: files[name][:-1]}


def of_another(*names: str) -> Change:
    def change(pack: Pack, files: dict[str, bytes]) -> dict[str, bytes]:
        other = Pack(key=pack.key).signed()
        return {**files, **{name: other[name] for name in names}}

    return change


CHANGED: dict[str, tuple[Change, list[str]]] = {
    "a byte of the letter": (one_byte("letter.pdf"), ["letter.pdf is not the file that was signed: at least one byte"]),
    "a byte of the manifest": (one_byte("manifest.json"), ["manifest.json"]),
    "a byte of its signature": (one_byte("manifest.json.sig"), ["manifest.json is not what manifest.json.sig signs"]),
    "a byte of the log": (one_byte("log.bin"), ["log.bin is not the file", "The log does not begin with the 8 entries"]),
    "a byte of the checkpoint": (one_byte("checkpoint.txt"), ["checkpoint.txt is not the checkpoint"]),
    "a file cut short": (cut("README.txt"), ["README.txt is not the file that was signed: it has 39 bytes instead of 40"]),
    "a removed line": (without_line_3, ["signatures.csv is not", "signatures.csv: line 3 is missing", "line 4 is in its"]),
    "lines that changed places": (lines_2_and_4_change_places, ["line 2 is missing, or elsewhere: line 4 is in its place"]),
    "a removed last line": (last_line_gone, ["signatures.csv: line 5 is missing: proofs.csv has more lines"]),
    "a line too many": (line_more, ["signatures.csv: line 6 has no proof"]),
    "a missing file": (without("letter.pdf"), ["letter.pdf is missing"]),
    "no signature": (without("manifest.json.sig"), ["manifest.json is not what manifest.json.sig signs"]),
    "no log": (without("log.bin"), ["log.bin is missing", "nobody can tell whether the lines"]),
    "a file too many": (lambda pack, files: {**files, "more.csv": b"1"}, ["more.csv is a file too many"]),
    "another's manifest": (of_another("manifest.json", "manifest.json.sig"), ["manifest.json is of another delivery"]),
    "another's manifest alone": (of_another("manifest.json"), ["manifest.json is not what manifest.json.sig signs"]),
    "another's proofs": (of_another("proofs.csv"), ["proofs.csv is not the file", "signatures.csv: line 1 does not say"]),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
def test_whatever_was_changed_is_named(machine: Machine, what: str) -> None:
    change, sentences = CHANGED[what]
    pack = Pack()
    code, said = machine.check(pack, change(pack, pack.signed()))
    assert code == 1 and "All is well" not in said
    assert [sentence for sentence in sentences if sentence not in said] == [], said


def test_what_the_signer_itself_has_changed_shows_in_the_log(machine: Machine) -> None:
    renamed, moved, fewer, twice, short = Pack(), Pack(), Pack(), Pack(), Pack()
    renamed.rows[1][1] = "Somebody Else"
    moved.rows = [[number, *moved.rows[place][1:]] for number, place in enumerate((0, 2, 1, 3, 4), start=1)]
    fewer.rows = [[number, *row[1:]] for number, row in enumerate((row for row in fewer.rows if row[0] != 2), start=1)]
    twice.rows[4], twice.proofs[4] = [5, *twice.rows[0][1:]], [5, *twice.proofs[0][1:]]
    short.log = short.log.replace(short.leaves[3], b"")
    for pack, sentences in (
        (renamed, ["signatures.csv: line 2 does not say", "signatures.json: line 2 does not say"]),
        (moved, ["line 2 does not say", "line 3 does not say"]), (fewer, ["line 5 is missing: proofs.csv has more"]),
        (twice, ["proofs.csv: line 5 is a signature that stands there before"]), (short, ["line 4 does not say"]),
    ):  # fmt: skip
        code, said = machine.check(pack, pack.signed())
        assert code == 1 and "All 7 files" in said, said
        assert [sentence for sentence in sentences if sentence not in said] == [], said
        assert "line 1 does not say" not in said


def test_a_count_that_is_not_the_lists_is_found(machine: Machine) -> None:
    pack = Pack()
    code, said = machine.check(pack, pack.signed(lines=6))
    assert code == 1 and "signatures.csv has 5 lines, the manifest counts 6" in said


def test_a_pack_signed_again_by_another_is_another_signers(machine: Machine) -> None:
    pack, thief = Pack(), Pack()
    forgery = thief.signed()
    code, said = machine.check(pack, forgery)
    assert code == 1 and "The signer is somebody else" in said
    files = pack.files()
    log = pack.manifest(files)["log"]
    kept = Pack(key=thief.key).signed(files, log=log)  # the true files under a manifest of his own
    code, said = machine.check(pack, kept)
    assert code == 1 and "The signer is somebody else" in said and "checkpoint of the log is not signed" in said


def test_the_log_as_it_is_today_begins_with_the_packs(machine: Machine, tmp_path: Path) -> None:
    pack = Pack()
    grown, other = tmp_path / "grown.bin", tmp_path / "other.bin"
    grown.write_bytes(pack.log + bytes(64))
    other.write_bytes(bytes(32) + pack.log)
    assert machine.check(pack, pack.signed(), "--log", grown)[0] == 0
    code, said = machine.check(pack, pack.signed(), "--log", other)
    assert code == 1 and "The log does not begin with" in said


def test_used_wrongly_it_says_how(machine: Machine, tmp_path: Path) -> None:
    pack, nothing = zipped(Pack().signed(), tmp_path / "pack.zip"), tmp_path / "nothing.zip"
    locked, twice, plain = tmp_path / "locked.zip", tmp_path / "twice.zip", tmp_path / "pack.zip.age"
    plain.write_bytes(b"age-encryption.org/v1")
    raw = bytearray(pack.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(raw)
    with pytest.warns(UserWarning, match="Duplicate"):
        zipped_twice(twice)
    for arguments, sentence in (
        ((nothing,), "There is no"), ((plain,), "decrypted with age"), ((locked,), "has a password. Unpack it"),
        ((twice,), "two files of one name"), ((pack, "--key", "abc"), "--key takes"), ((tmp_path / "empty",), "There is no"),
        ((pack, "--log", nothing), "There is no"), ((machine.folder / "packages",), "no manifest.json"), ((), "usage"),
    ):  # fmt: skip
        code, said = machine.run(*arguments)
        assert code == 2 and sentence in said, said


def zipped_twice(path: Path) -> None:
    from zipfile import ZipFile

    zipped(Pack().signed(), path)
    with ZipFile(path, "a") as archive:
        archive.writestr("letter.pdf", b"another")


PACK = Pack()
WHOLE = PACK.signed()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_one_changed_byte_in_any_file_is_found(tool: ModuleType, name: str, where: float, change: int) -> None:
    content = bytearray(WHOLE[name])
    content[int(where * len(content))] ^= change
    report = verified(tool, {**WHOLE, name: bytes(content)})
    assert not report.well
    assert any(name in sentence for kind, sentence in report.said if kind == "wrong"), report.said


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.binary(max_size=300))
def test_any_bytes_instead_of_a_file_are_found_and_said(tool: ModuleType, name: str, content: bytes) -> None:
    assert not verified(tool, {**WHOLE, name: content}).well


ZIP = zipped(WHOLE, Path(tempfile.mkdtemp()) / "pack.zip").read_bytes()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(ZIP) - 1), st.integers(1, 255))
def test_a_changed_byte_of_the_zip_is_found_or_changes_no_file(
    tool: ModuleType, tmp_path_factory: pytest.TempPathFactory, where: int, change: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.zip"
    content = bytearray(ZIP)
    content[where] ^= change
    path.write_bytes(content)
    try:
        pack = tool.open_pack(path)
    except tool.Unusable:
        return
    if tool.verify(pack, PACK.fingerprint, None)[0].well:
        assert {name: pack.read(name) for name in pack.sizes} == WHOLE


def test_as_it_was_made_it_is_well(tool: ModuleType) -> None:
    assert verified(tool, WHOLE).well, "else the two tests above would find nothing"


def verified(tool: ModuleType, files: dict[str, bytes]) -> Any:
    import io

    sizes = {name: len(content) for name, content in files.items()}
    return tool.verify(tool.Pack(sizes, lambda name: io.BytesIO(files[name])), PACK.fingerprint, None)[0]


ODD = st.text(
    st.sampled_from(list("'\"=+-@|%;\t\r\n a\u200b\ufeff\u3000\u00a0\uff1d\uff20")) | st.characters(codec="utf-8"),
    max_size=12,
)


@settings(max_examples=1000)
@given(ODD)
@example("';=")
@example("\t=")
@example(";'=\t'@")
def test_the_apostrophes_of_a_spreadsheet_are_taken_away_exactly(tool: ModuleType, cell: str) -> None:
    assert tool.unguarded(harmless(cell)) == cell


@given(st.lists(ODD, min_size=5, max_size=5), st.sets(st.sampled_from(leaves.LOGGED)))
def test_its_leaf_is_the_sites_leaf(tool: ModuleType, person: list[str], shown: set[str]) -> None:
    pack = Pack(people=[person], columns=("number", *sorted(shown)))
    names = ["id", "text", *(["secret"] if len(pack.proofs[0]) == 4 else ["leaf", *leaves.LOGGED])]
    proof = dict(zip(names, map(str, pack.proofs[0][1:]), strict=True))
    line = dict(zip(pack.columns, map(str, pack.rows[0]), strict=True))
    assert tool.leaf_of(proof, line, "0123456789abcdef") == pack.leaves[0]
