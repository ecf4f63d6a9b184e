"""`flask petition export --format pdf`: the annex alone, as one file or as its volumes; nobody's delivery."""

import tempfile
from pathlib import Path

from flask import current_app

from core.volumes import SIZES, Sizes
from core.whole_files import write_whole
from deliveries import columns
from deliveries.documents.annex import annex
from deliveries.documents.facts import Facts, facts_of
from deliveries.models import Delivery
from petitions.list_services import signatures_for
from petitions.models import Petition

CHUNK = 1 << 20


def write(petition: Petition, lines: int, out: Path, *, sizes: Sizes = SIZES) -> list[Path]:
    """`out` itself, or where there are several volumes, `out` with their numbers before its suffix; each whole or not at all.

    Raises RowsChanged where somebody signed or left since they were counted; MissingGlyph, TypesettingFailed."""
    drafts = current_app.config["UNDERSIGNED"].drafts_folder
    drafts.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=drafts) as folder:
        facts, rows = _facts(petition), columns.rows(signatures_for(petition))
        made = list(annex(facts, rows, lines, Path(folder), lambda done: None, stem=out.stem, sizes=sizes))
        return [_keep(path, out if len(made) == 1 else out.with_stem(path.stem)) for path in made]


def _keep(draft: Path, out: Path) -> Path:
    with draft.open("rb") as file:
        write_whole(out, iter(lambda: file.read(CHUNK), b""))
    return out


def _facts(petition: Petition) -> Facts:
    """As of a delivery that is stored nowhere, without a number, to all recipients together."""
    named = ", ".join(recipient.name for recipient in petition.recipients)
    return facts_of(
        Delivery(
            public_id="", petition=petition, recipient={"name": named}, language=petition.language,
            columns=list(columns.ALL), countries=[], count_only=False,
        )
    )  # fmt: skip
