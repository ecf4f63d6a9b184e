"""card testing: waves of declined cards, early fraud warnings, and what they are counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DECLINED = "type = 'payment_intent.payment_failed'"


def upgrade() -> None:
    op.create_table(
        "decline_waves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declined", sa.Integer(), nullable=False),
        sa.Column("paid", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=254), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decline_waves")),
    )
    op.create_table(
        "fraud_warnings",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("payment_intent", sa.String(length=255), nullable=False),
        sa.Column("charge", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=254), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fraud_warnings")),
    )
    op.create_index(op.f("ix_decline_waves_last_at"), "decline_waves", ["last_at"])
    op.create_index(op.f("ix_fraud_warnings_payment_intent"), "fraud_warnings", ["payment_intent"])
    op.create_index(op.f("ix_donations_created_at"), "donations", ["created_at"])
    op.create_index(op.f("ix_payments_paid_at"), "payments", ["paid_at"])
    only = {"sqlite_where": sa.text(DECLINED), "postgresql_where": sa.text(DECLINED)}
    op.create_index("ix_stripe_events_declined", "stripe_events", ["created_at"], **only)


def downgrade() -> None:
    op.drop_index("ix_stripe_events_declined", "stripe_events")
    op.drop_index(op.f("ix_payments_paid_at"), "payments")
    op.drop_index(op.f("ix_donations_created_at"), "donations")
    op.drop_table("fraud_warnings")
    op.drop_table("decline_waves")
