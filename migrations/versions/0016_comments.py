"""comments on cases, reports of visitors, what moderators did."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

NUMBERED_FOR_EVER = {"sqlite_autoincrement": True}


def kind(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", kind("commentkind", "comment", "solidarity"), nullable=False),
        sa.Column("state", kind("commentstate", "held", "approved", "rejected", "withdrawn"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("trapped", sa.Boolean(), nullable=False),
        sa.Column("withdraw_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("data_key_id", sa.String(length=16), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state = 'approved' OR (name IS NULL AND text IS NULL)", name=op.f("ck_comments_words_once_approved")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_comments_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("public_id", name=op.f("uq_comments_public_id")),
        sa.UniqueConstraint("withdraw_digest", name=op.f("uq_comments_withdraw_digest")),
        **NUMBERED_FOR_EVER,
    )
    op.create_index("ix_comments_case_id_state_id", "comments", ["case_id", "state", "id"])
    op.create_table(
        "reports",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("reason", kind("reportreason", "abuse", "personal", "danger", "spam", "other"), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("bucket", sa.String(length=32), nullable=True),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("data_key_id", sa.String(length=16), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("public_id", name=op.f("uq_reports_public_id")),
        **NUMBERED_FOR_EVER,
    )
    op.create_index("uq_reports_subject_bucket", "reports", ["subject", "bucket"], unique=True)
    op.create_table(
        "moderation_acts",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("act", kind("act", "approve", "reject", "undo"), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=False),
        sa.Column("after", sa.String(length=20), nullable=False),
        sa.Column("reason", kind("rejectreason", "abuse", "personal", "danger", "spam", "off_topic", "other"), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_acts")),
        **NUMBERED_FOR_EVER,
    )
    op.create_index("ix_moderation_acts_subject_id", "moderation_acts", ["subject", "id"])
    op.create_index("ix_moderation_acts_actor_id", "moderation_acts", ["actor", "id"])
    op.add_column("cases", sa.Column("comments_open", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("cases") as batch:
        batch.alter_column("comments_open", server_default=None)


def downgrade() -> None:
    for table in ("moderation_acts", "reports", "comments"):
        op.drop_table(table)
    with op.batch_alter_table("cases") as batch:
        batch.drop_column("comments_open")
