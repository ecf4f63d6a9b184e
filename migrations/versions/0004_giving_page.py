"""giving page: where a donor came from, tributes, and dated rates of currencies."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

NUMBERED_FOR_EVER = {"sqlite_autoincrement": True}


def upgrade() -> None:
    op.create_table(
        "currency_rates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("against", sa.String(length=3), nullable=False),
        sa.Column("billionths", sa.BigInteger(), nullable=False),
        sa.Column("rated_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("entered_by", sa.String(length=254), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("billionths > 0", name=op.f("ck_currency_rates_billionths_positive")),
        sa.CheckConstraint("currency <> against", name=op.f("ck_currency_rates_of_two_currencies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_currency_rates")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("donations", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.add_column(sa.Column("tribute", sa.String(length=20), nullable=False, server_default="none"))
        batch.add_column(sa.Column("source", sa.String(length=20)))
        batch.create_check_constraint(op.f("ck_donations_tribute"), sa.text("tribute IN ('none', 'memory', 'behalf')"))
    with op.batch_alter_table("donations", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.alter_column("tribute", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("donations", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.drop_constraint(op.f("ck_donations_tribute"), type_="check")
        batch.drop_column("source")
        batch.drop_column("tribute")
    op.drop_table("currency_rates")
