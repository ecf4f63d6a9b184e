"""a claim to be notable may be rejected and stay; what an organiser did with held signatures can be undone."""


import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

BEFORE = ("proposed", "invited", "confirmed", "approved", "declined", "withdrawn")
STATES = ("proposed", "invited", "confirmed", "approved", "rejected", "declined", "withdrawn")
REASONS = (
    "unreadable", "suppressed", "unsubscribed", "mail_limit", "refused", "trap", "disposable", "no_mail_server", "domain",
    "bucket", "velocity", "wave",
)  # fmt: skip


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def allow(states: tuple[str, ...]) -> None:
    listed = ", ".join(repr(state) for state in states)
    with op.batch_alter_table("invitations") as batch:
        batch.drop_constraint(op.f("ck_invitations_invitationstate"), type_="check")
        batch.create_check_constraint(op.f("ck_invitations_invitationstate"), sa.text(f"state IN ({listed})"))


def upgrade() -> None:
    allow(STATES)
    op.create_table(
        "held_judgements",
        sa.Column("judgement_id", big_id(), nullable=False),
        sa.Column("submission_id", big_id(), nullable=False),
        sa.Column(
            "reason", sa.Enum(*REASONS, name="heldreason", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("judgement_id", "submission_id", name=op.f("pk_held_judgements")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("held_judgements")
    op.execute("UPDATE invitations SET state = 'confirmed' WHERE state = 'rejected'")
    allow(BEFORE)
