"""A pack as the site makes it, checked by tools/verify_delivery.py on a machine without the project, and on the check page."""

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.deliveries.packs import unpacked
from tests.deliveries.test_packs import filled
from tests.deliveries.test_verify_tool import Machine
from tests.deliveries.test_verify_tool import machine as machine
from tests.deliveries.world import Opened, fetched, made
from tests.petitions.conftest import Campaign, make_campaign

MINIMAL = {"formats": ("csv",), "columns": ("number", "name", "country")}


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return filled(make_campaign(app))


def checked(machine: Machine, pack: Opened, tmp_path: Path, **changed: bytes) -> tuple[int, str]:
    """What the program says of the unpacked pack with some files changed, knowing the true key."""
    folder = unpacked({**pack.files, **changed}, tmp_path / "pack")
    return machine.run(folder, "--key", pack.manifest["key"]["fingerprint"])


@pytest.mark.parametrize(
    "wishes",
    [
        {"formats": ("csv", "xlsx", "ods", "json")}, {"formats": ("json",)}, {"formats": ("xlsx",)}, {"formats": ("ods",)},
        MINIMAL,
        {"count_only": True, "formats": (), "columns": ()},
    ],
)  # fmt: skip
def test_a_pack_that_the_site_made_is_found_sound_and_its_signer_known(
    campaign: Campaign, machine: Machine, tmp_path: Path, wishes: dict[str, Any]
) -> None:
    delivery_id, pack = made(campaign, **wishes)
    code, said = checked(machine, pack, tmp_path)
    assert code == 0 and "not compared" not in said
    zipped = tmp_path / "pack.zip"
    zipped.write_bytes(fetched(campaign.app, delivery_id))
    assert machine.run(zipped, "--key", pack.manifest["key"]["fingerprint"])[0] == 0
    code, said = machine.run(zipped)
    assert code == 1 and "Signer unverified" in said


def test_a_changed_list_is_told_by_its_line_and_another_packs_manifest_by_its_files(
    campaign: Campaign, machine: Machine, tmp_path: Path
) -> None:
    pack, other = made(campaign)[1], made(campaign)[1]
    table = pack.files["signatures.csv"]
    first, second = (re.search(rb"(?m)^%d,.*\r\n" % number, table)[0] for number in (1, 2))  # type: ignore[index]
    renamed, removed = table.replace(b"Ben Example", b"Ben Exampls"), table.replace(second, b"")
    for number, changed in enumerate((renamed, removed, table.replace(first + second, second + first))):
        code, said = checked(machine, pack, tmp_path / str(number), **{"signatures.csv": changed})
        assert code == 1 and "signatures.csv" in said and "line" in said, said
    swapped = {name: other.files[name] for name in ("manifest.json", "manifest.json.sig")}
    code, said = checked(machine, pack, tmp_path / "swapped", **swapped)
    assert code == 1 and "signatures.csv" in said


def test_the_check_page_knows_each_file_of_a_pack_that_the_site_made(campaign: Campaign) -> None:
    delivery_id, pack = made(campaign, formats=("csv", "xlsx"))
    whole = fetched(campaign.app, delivery_id)
    for content in (whole, *pack.files.values()):
        page = campaign.client.post("/deliveries/check", data={"file": (io.BytesIO(content), "list")})
        assert page.status_code == 200 and pack.manifest["delivery"] in page.text
    unknown = campaign.client.post("/deliveries/check", data={"file": (io.BytesIO(whole + b"\0"), "list")})
    assert unknown.status_code == 200 and pack.manifest["delivery"] not in unknown.text


def test_the_log_that_the_delivery_links_begins_with_that_of_the_pack(campaign: Campaign) -> None:
    _, pack = made(campaign)
    campaign.signed("late@example.org", name="Late Example")
    made(campaign)
    served = campaign.client.get(f"/deliveries/{pack.manifest['delivery']}/log").data
    assert served.startswith(pack.files["log.bin"]) and len(served) > len(pack.files["log.bin"])
    assert hashlib.sha256(pack.files["log.bin"]).hexdigest() == pack.manifest["log"]["sha256"]
    assert (
        json.loads(campaign.client.get(f"/deliveries/{pack.manifest['delivery']}/manifest.json").data) == pack.manifest
    )
