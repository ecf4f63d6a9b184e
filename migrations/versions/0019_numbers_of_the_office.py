"""pages are counted as they are handed out; how far the audit chain was walked; indexes for the office's first page."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

LIVE = sa.text("state IN ('received', 'mailed', 'held')")
SEEN_AS = ["petition_id", "state", "held_reason", "cluster_id", "received_at", "held_at"]


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "page_counts",
        sa.Column("petition_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_page_counts_petition_id")),
        sa.PrimaryKeyConstraint("petition_id", "what", "source", "day", name=op.f("pk_page_counts")),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", big_id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("broken_at", big_id(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_checkpoints")),
    )
    op.create_index(op.f("ix_donations_source"), "donations", ["source"])
    op.create_index("ix_payments_donation_id_status", "payments", ["donation_id", "status"])
    op.drop_index(op.f("ix_payments_donation_id"), table_name="payments")  # the new one does its work
    op.create_index("ix_audit_entries_act_id", "audit_entries", ["act", "id"])
    op.create_index("ix_submissions_live", "submissions", SEEN_AS, sqlite_where=LIVE, postgresql_where=LIVE)


def downgrade() -> None:
    op.drop_index("ix_submissions_live", table_name="submissions")
    op.drop_index("ix_audit_entries_act_id", table_name="audit_entries")
    op.create_index(op.f("ix_payments_donation_id"), "payments", ["donation_id"])
    op.drop_index("ix_payments_donation_id_status", table_name="payments")
    op.drop_index(op.f("ix_donations_source"), table_name="donations")
    op.drop_table("audit_checkpoints")
    op.drop_table("page_counts")
