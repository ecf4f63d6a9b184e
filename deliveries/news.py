"""What organisers hear of a delivery, by the kind of the job that tells them (a floor above, where they have addresses)."""

from core.jobs import enqueue
from deliveries.models import Delivery

NEWS = "delivery-news"
READY, FAILED, REFUSED = "ready", "failed", "refused"
FOR_ASKER = (READY, FAILED, REFUSED)  # the others are for everybody who writes about the case


def tell_asker(found: Delivery, what: str) -> None:
    """Promises one mail to whoever asked for the delivery. `what`: of FOR_ASKER."""
    enqueue(NEWS, {"delivery": found.id, "what": what}, key=f"delivery-news:{found.public_id}:{what}")
