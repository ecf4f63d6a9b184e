"""gifts outside Stripe."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "offline_gifts",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("means", sa.Enum("bank", "cash", "other", name="means", native_enum=False, create_constraint=True, length=20), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("show_name", sa.Boolean(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("data_key_id", sa.String(length=16), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("entered_by", sa.String(length=254), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_by", sa.String(length=254), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_back_reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_offline_gifts_amount_positive")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_offline_gifts_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_gifts")),
        sa.UniqueConstraint("public_id", name=op.f("uq_offline_gifts_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offline_gifts_case_id"), "offline_gifts", ["case_id"])
    op.create_index(op.f("ix_offline_gifts_given_on"), "offline_gifts", ["given_on"])
    standing = sa.text("taken_back_at IS NULL")
    op.create_index(
        "uq_offline_gifts_means_reference_standing", "offline_gifts", ["means", "reference"], unique=True,
        sqlite_where=standing, postgresql_where=standing,
    )


def downgrade() -> None:
    op.drop_table("offline_gifts")
