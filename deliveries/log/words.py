"""What pages and feeds say of the public log."""

from flask_babel import gettext as _


def lost(size: int) -> str:
    """Of a checkpoint that went out, and whose leaves a restored backup did not have."""
    return _(
        "A checkpoint over %(size)s entries was signed, and what it was signed about was lost when this site was restored from "
        "a backup. The log that stands here now does not continue it.",
        size=size,
    )
