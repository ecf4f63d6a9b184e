"""registrations with tax offices, and numbered receipts."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

NUMBERED_FOR_EVER = {"sqlite_autoincrement": True}
IN_USE = sa.text("retired_at IS NULL")
VALID = sa.text("valid")


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tax_registrations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("legal_name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("office", sa.String(length=160), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=254), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_registrations")),
        sa.UniqueConstraint("prefix", name=op.f("uq_tax_registrations_prefix")),
    )
    op.create_index(
        "uq_tax_registrations_country_in_use", "tax_registrations", ["country"], unique=True,
        sqlite_where=IN_USE, postgresql_where=IN_USE,
    )  # fmt: skip
    op.create_table(
        "tax_counters",
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["tax_registrations.id"], name=op.f("fk_tax_counters_registration_id")
        ),
        sa.PrimaryKeyConstraint("registration_id", "year", name=op.f("pk_tax_counters")),
    )
    op.create_table(
        "tax_receipts",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("donor_id", big_id(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("data_key_id", sa.String(length=16), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_tax_receipts_amount_positive")),
        sa.CheckConstraint("number > 0", name=op.f("ck_tax_receipts_number_positive")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["tax_registrations.id"], name=op.f("fk_tax_receipts_registration_id")
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["donors.id"], name=op.f("fk_tax_receipts_donor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_receipts")),
        sa.UniqueConstraint("public_id", name=op.f("uq_tax_receipts_public_id")),
        sa.UniqueConstraint("registration_id", "year", "number", name=op.f("uq_tax_receipts_registration_id_year_number")),
        **NUMBERED_FOR_EVER,
    )
    op.create_index(op.f("ix_tax_receipts_donor_id"), "tax_receipts", ["donor_id"])
    op.create_table(
        "tax_receipt_lines",
        sa.Column("receipt_id", big_id(), nullable=False),
        sa.Column("payment_id", big_id(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_tax_receipt_lines_amount_positive")),
        sa.ForeignKeyConstraint(["receipt_id"], ["tax_receipts.id"], name=op.f("fk_tax_receipt_lines_receipt_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_tax_receipt_lines_payment_id")),
        sa.PrimaryKeyConstraint("receipt_id", "payment_id", name=op.f("pk_tax_receipt_lines")),
    )
    op.create_index(
        "uq_tax_receipt_lines_payment_valid", "tax_receipt_lines", ["payment_id"], unique=True,
        sqlite_where=VALID, postgresql_where=VALID,
    )  # fmt: skip


def downgrade() -> None:
    for table in ("tax_receipt_lines", "tax_receipts", "tax_counters", "tax_registrations"):
        op.drop_table(table)
