"""pages are counted as they are handed out; how far the audit chain was walked; indexes for the office's first page."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


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


def downgrade() -> None:
    op.drop_index(op.f("ix_donations_source"), table_name="donations")
    op.drop_table("audit_checkpoints")
    op.drop_table("page_counts")
