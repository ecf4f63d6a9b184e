"""wishes about a regular gift take turns at Stripe."""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscriptions") as subscriptions:
        subscriptions.add_column(sa.Column("turn", sa.String(length=16), nullable=True))
        subscriptions.add_column(sa.Column("turn_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("subscriptions") as subscriptions:
        subscriptions.drop_column("turn_until")
        subscriptions.drop_column("turn")
