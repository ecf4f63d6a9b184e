"""the books: Stripe's balance, its payouts, and what each comparison found."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('balance_transactions',
    sa.Column('id', sa.String(length=255), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.Column('source', sa.String(length=255), nullable=False),
    sa.Column('payment_intent', sa.String(length=255), nullable=False),
    sa.Column('source_amount', sa.BigInteger(), nullable=False),
    sa.Column('source_currency', sa.String(length=3), nullable=False),
    sa.Column('payout_id', sa.String(length=255), nullable=True),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('fee', sa.BigInteger(), nullable=False),
    sa.Column('net', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_balance_transactions'))
    )
    for column in ('created_at', 'payment_intent', 'payout_id', 'source'):
        op.create_index(op.f(f'ix_balance_transactions_{column}'), 'balance_transactions', [column])
    op.create_table('payouts',
    sa.Column('id', sa.String(length=255), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.Column('arrives_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payouts'))
    )
    op.create_table('reconciliations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ran_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('differences', sa.Integer(), nullable=False),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reconciliations')),
    sqlite_autoincrement=True
    )


def downgrade() -> None:
    for table in ('reconciliations', 'payouts', 'balance_transactions'):
        op.drop_table(table)
