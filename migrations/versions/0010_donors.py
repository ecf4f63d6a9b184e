"""donors, one row a mailbox, and the mailed links to their own page."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

NUMBERED_FOR_EVER = {"sqlite_autoincrement": True}
DONORLESS = sa.text("donor_id IS NULL AND blob IS NOT NULL AND session_state = 'complete'")


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "donors",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("email_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("data_key_id", sa.String(length=16), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("postal_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donors")),
        sa.UniqueConstraint("public_id", name=op.f("uq_donors_public_id")),
        sa.UniqueConstraint("email_index", name=op.f("uq_donors_email_index")),
        **NUMBERED_FOR_EVER,
    )
    purposes = sa.Enum("page", "address", name="linkpurpose", native_enum=False, create_constraint=True, length=20)
    op.create_table(
        "donor_links",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("donor_id", big_id(), nullable=False),
        sa.Column("purpose", purposes, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["donor_id"], ["donors.id"], name=op.f("fk_donor_links_donor_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_donor_links")),
    )
    op.create_index(op.f("ix_donor_links_donor_id"), "donor_links", ["donor_id"])
    op.create_index(op.f("ix_donor_links_expires_at"), "donor_links", ["expires_at"])
    with op.batch_alter_table("donations", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.add_column(sa.Column("donor_id", big_id(), nullable=True))
        batch.create_foreign_key(op.f("fk_donations_donor_id"), "donors", ["donor_id"], ["id"])
        batch.create_index(op.f("ix_donations_donor_id"), ["donor_id"])
    op.create_index("ix_donations_donorless", "donations", ["id"], sqlite_where=DONORLESS, postgresql_where=DONORLESS)


def downgrade() -> None:
    op.drop_index("ix_donations_donorless", "donations")
    with op.batch_alter_table("donations", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.drop_index(op.f("ix_donations_donor_id"))
        batch.drop_constraint(op.f("fk_donations_donor_id"), type_="foreignkey")
        batch.drop_column("donor_id")
    op.drop_table("donor_links")
    op.drop_table("donors")
