"""refunds, disputes and subscriptions."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def status(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)


def upgrade() -> None:
    op.create_table('refunds',
    sa.Column('id', sa.String(length=255), nullable=False),
    sa.Column('payment_intent', sa.String(length=255), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('status', status('refundstatus', 'pending', 'succeeded', 'failed', 'canceled'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_refunds_amount_positive')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refunds'))
    )
    op.create_index(op.f('ix_refunds_payment_intent'), 'refunds', ['payment_intent'])
    op.create_table('disputes',
    sa.Column('id', sa.String(length=255), nullable=False),
    sa.Column('payment_intent', sa.String(length=255), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('status', status('disputestatus', 'inquiry', 'open', 'won', 'lost'), nullable=False),
    sa.Column('reason', sa.String(length=100), nullable=False),
    sa.Column('fee', sa.BigInteger(), nullable=False),
    sa.Column('fee_currency', sa.String(length=3), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_disputes_amount_positive')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_disputes'))
    )
    op.create_index(op.f('ix_disputes_payment_intent'), 'disputes', ['payment_intent'])
    op.create_table('refund_requests',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('state', status('requeststate', 'asked', 'sent', 'refused'), nullable=False),
    sa.Column('answer', sa.String(length=200), nullable=False),
    sa.Column('asked_by', sa.String(length=254), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_refund_requests_amount_positive')),
    sa.ForeignKeyConstraint(['payment_id'], ['payments.id'], name=op.f('fk_refund_requests_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refund_requests')),
    sa.UniqueConstraint('public_id', name=op.f('uq_refund_requests_public_id')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_refund_requests_payment_id'), 'refund_requests', ['payment_id'])
    op.create_table('subscriptions',
    sa.Column('id', sa.String(length=255), nullable=False),
    sa.Column('customer_id', sa.String(length=255), nullable=False),
    sa.Column('status', status('subscriptionstatus', 'incomplete', 'active', 'past_due', 'paused', 'canceled'), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('period_end', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resumes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_subscriptions_amount_positive')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriptions'))
    )
    op.create_table('agreed_amounts',
    sa.Column('donation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_agreed_amounts_amount_positive')),
    sa.ForeignKeyConstraint(['donation_id'], ['donations.id'], name=op.f('fk_agreed_amounts_donation_id')),
    sa.PrimaryKeyConstraint('donation_id', 'amount', name=op.f('pk_agreed_amounts'))
    )
    with op.batch_alter_table('payments', table_kwargs={'sqlite_autoincrement': True}) as batch:
        batch.add_column(sa.Column('attempts', sa.Integer(), nullable=False, server_default='0'))
        batch.add_column(sa.Column('retry_at', sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column('action_url', sa.Text(), nullable=False, server_default=''))
    with op.batch_alter_table('payments', table_kwargs={'sqlite_autoincrement': True}) as batch:
        batch.alter_column('attempts', server_default=None)
        batch.alter_column('action_url', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('payments', table_kwargs={'sqlite_autoincrement': True}) as batch:
        for column in ('action_url', 'retry_at', 'attempts'):
            batch.drop_column(column)
    for table in ('agreed_amounts', 'subscriptions', 'refund_requests', 'disputes', 'refunds'):
        op.drop_table(table)
