"""the wall of supporters, patrons' levels, the general fund in the organisers' words."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

NUMBERED_FOR_EVER = {"sqlite_autoincrement": True}


def kind(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "wall_entries",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("donation_id", big_id(), nullable=True),
        sa.Column("offline_gift_id", big_id(), nullable=True),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("words", kind("words", "none", "waiting", "approved", "hidden"), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("tribute_name", sa.String(length=120), nullable=True),
        sa.Column("judged_by", sa.String(length=254), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(donation_id IS NULL) <> (offline_gift_id IS NULL)", name=op.f("ck_wall_entries_of_one_gift")),
        sa.ForeignKeyConstraint(["donation_id"], ["donations.id"], name=op.f("fk_wall_entries_donation_id")),
        sa.ForeignKeyConstraint(["offline_gift_id"], ["offline_gifts.id"], name=op.f("fk_wall_entries_offline_gift_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_wall_entries_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wall_entries")),
        sa.UniqueConstraint("donation_id", name=op.f("uq_wall_entries_donation_id")),
        sa.UniqueConstraint("offline_gift_id", name=op.f("uq_wall_entries_offline_gift_id")),
        **NUMBERED_FOR_EVER,
    )
    op.create_index(op.f("ix_wall_entries_case_id"), "wall_entries", ["case_id"])
    op.create_table(
        "patron_levels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("thanks", sa.String(length=300), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patron_levels")),
    )
    op.create_table(
        "patron_minimums",
        sa.Column("level_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_patron_minimums_amount_positive")),
        sa.ForeignKeyConstraint(["level_id"], ["patron_levels.id"], name=op.f("fk_patron_minimums_level_id")),
        sa.PrimaryKeyConstraint("level_id", "currency", name=op.f("pk_patron_minimums")),
    )
    op.create_table(
        "general_fund",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("goal", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=254), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_general_fund_only_one")),
        sa.CheckConstraint("goal IS NULL OR goal > 0", name=op.f("ck_general_fund_goal_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_general_fund")),
    )
    with op.batch_alter_table("donations", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.add_column(sa.Column("show_badge", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("donations", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.alter_column("show_badge", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("donations", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.drop_column("show_badge")
    for table in ("general_fund", "patron_minimums", "patron_levels", "wall_entries"):
        op.drop_table(table)
