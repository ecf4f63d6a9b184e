"""Paper in the office: every act goes into the audit chain, by numbers and never by names."""

from collections.abc import Sequence

from core import audit
from petitions import services
from petitions.models import Petition
from petitions.paper import batches as paper_batches
from petitions.paper import services as paper_services
from petitions.paper.models import PaperBatch
from petitions.paper.services import Entered, PaperLine


def enter(
    petition: Petition,
    lines: Sequence[PaperLine],
    *,
    batch: PaperBatch | None = None,
    label: str = "",
    sheet: str,
    once: str,
    actor: str,
) -> tuple[PaperBatch, Entered]:
    """Stores lines in a batch, a new one unless it is given. The caller has prepared the vault for the petition's scope, and
    rolls back where nothing was counted. Raises PaperNotTaken."""
    services.record_consent(petition)
    batch = batch or paper_batches.new_batch(petition, label, actor=actor)
    entered = paper_services.enter(petition, lines, batch=batch, consent_digest=sheet, once=once)
    if entered.counted:
        numbers = {name: len(places) for name, places in vars(entered).items()}
        audit.record("paper.entered", petition.slug, actor=actor, batch=batch.id, sheet=sheet[:8], **numbers)
    return batch, entered


def take_back(petition: Petition, batch: PaperBatch, *, actor: str) -> int:
    """Takes a whole batch out of the count and erases its names; how many lines stood."""
    lines = paper_batches.take_back(petition, batch)
    audit.record("paper.taken_back", petition.slug, actor=actor, batch=batch.id, lines=lines)
    return lines


def take_back_line(petition: Petition, batch: PaperBatch, public_id: str, *, actor: str) -> int:
    """Takes one line back; 0 where it had gone before, and then there is nothing to record."""
    lines = paper_batches.take_back_line(petition, batch, public_id)
    if lines:
        audit.record("paper.line_taken_back", petition.slug, actor=actor, batch=batch.id)
    return lines
