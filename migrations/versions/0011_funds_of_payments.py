"""each payment keeps the fund that it went to; donors of a case that is over are asked about the next ones."""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

NUMBERED_FOR_EVER = {"sqlite_autoincrement": True}
OPEN = sa.text("answered_at IS NULL")
AS_MEANT = "UPDATE payments SET case_id = (SELECT case_id FROM donations WHERE donations.id = payments.donation_id)"


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("payments", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.add_column(sa.Column("case_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f("fk_payments_case_id"), "cases", ["case_id"], ["id"])
        batch.create_index(op.f("ix_payments_case_id"), ["case_id"])
    op.execute(AS_MEANT)
    answers = sa.Enum("moved", "stopped", "silent", name="answer", native_enum=False, create_constraint=True, length=20)
    op.create_table(
        "fund_questions",
        sa.Column("donation_id", big_id(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", answers, nullable=True),
        sa.Column("was_paused", sa.Boolean(), nullable=False),
        sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["donation_id"], ["donations.id"], name=op.f("fk_fund_questions_donation_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_fund_questions_case_id")),
        sa.PrimaryKeyConstraint("donation_id", "case_id", name=op.f("pk_fund_questions")),
    )
    op.create_index("ix_fund_questions_open", "fund_questions", ["due_at"], sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_table("fund_questions")
    with op.batch_alter_table("payments", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.drop_index(op.f("ix_payments_case_id"))
        batch.drop_constraint(op.f("fk_payments_case_id"), type_="foreignkey")
        batch.drop_column("case_id")
