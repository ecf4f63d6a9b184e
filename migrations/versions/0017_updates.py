"""updates to those who asked for news, and mailboxes that refuse them."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0014'
branch_labels = None
depends_on = None

KINDS = ("written", "changed", "victory", "answered")
STATES = ("draft", "scheduled", "sending", "paused", "sent", "cancelled")
AUDIENCES = ("signatories", "donors", "everybody")


def one_of(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)


def upgrade() -> None:
    op.create_table(
        "updates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("petition_id", sa.Integer(), nullable=False),
        sa.Column("kind", one_of("updatekind", KINDS), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("state", one_of("updatestate", STATES), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("audience", one_of("audience", AUDIENCES), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("headline", sa.String(length=160), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("phase", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("promised", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=254), nullable=False),
        sa.Column("written_by", sa.String(length=254), nullable=False),
        sa.Column("approved_by", sa.String(length=254), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> written_by", name=op.f("ck_updates_approved_by_another")
        ),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_updates_petition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_updates")),
        sa.UniqueConstraint("public_id", name=op.f("uq_updates_public_id")),
        sa.UniqueConstraint("key", name=op.f("uq_updates_key")),
    )
    op.create_index(op.f("ix_updates_petition_id"), "updates", ["petition_id"])
    op.create_index("ix_updates_state_starts_at", "updates", ["state", "starts_at"])
    op.create_table(
        "update_counts",
        sa.Column("update_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["update_id"], ["updates.id"], name=op.f("fk_update_counts_update_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("update_id", "outcome", name=op.f("pk_update_counts")),
    )
    op.create_table(
        "update_marks",
        sa.Column("petition_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.LargeBinary(length=32), nullable=False),
        sa.Column("update_id", sa.Integer(), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_update_marks_petition_id")),
        sa.ForeignKeyConstraint(
            ["update_id"], ["updates.id"], name=op.f("fk_update_marks_update_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("petition_id", "mark", name=op.f("pk_update_marks")),
    )
    op.create_index(op.f("ix_update_marks_update_id"), "update_marks", ["update_id"])
    op.create_index(op.f("ix_update_marks_promised_at"), "update_marks", ["promised_at"])
    op.create_table(
        "mail_bounces",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_mail_bounces")),
    )
    op.create_index(op.f("ix_mail_bounces_created_at"), "mail_bounces", ["created_at"])


def downgrade() -> None:
    for table in ("mail_bounces", "update_marks", "update_counts", "updates"):
        op.drop_table(table)
