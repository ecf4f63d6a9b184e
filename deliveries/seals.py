"""What each sealed row of this room is bound to in the vault, in the site's scope."""

DELIVERY_CONTEXT = "undersigned/delivery/v1"
CLERK_CONTEXT = "undersigned/clerk/v1"
PAPER_CONTEXT = "undersigned/delivery-paper/v1"
MANIFEST = "undersigned/manifest/v1"  # what the site's signature under a manifest is bound to
