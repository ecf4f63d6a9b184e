"""how far the inviting of those who were taken over is; cases and petitions that came in as drafts by a file."""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

NUMBERED_FOR_EVER = {"sqlite_autoincrement": True}
MOMENT = sa.DateTime(timezone=True)
KINDS = ("cases", "petitions")
# Who was invited before is passed over by the tick, which goes through the others once more from the first.
INVITED = sa.text(
    "UPDATE signature_imports SET invited = (SELECT count(*) FROM submissions "
    "WHERE submissions.import_id = signature_imports.id AND submissions.mails > 0) WHERE invited_at IS NOT NULL"
)
ITS_JOBS = sa.text("UPDATE jobs SET state = 'done' WHERE kind = 'imports.invite' AND state IN ('queued', 'running')")


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("signature_imports", table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.add_column(sa.Column("invite_cursor", big_id(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("invited", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("invite_ended_at", MOMENT, nullable=True))
    with op.batch_alter_table("signature_imports", table_kwargs=NUMBERED_FOR_EVER) as batch:
        for name in ("invite_cursor", "invited"):
            batch.alter_column(name, server_default=None)
    op.execute(INVITED)
    op.execute(ITS_JOBS)
    op.create_table(
        "draft_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="draftkind", native_enum=False, create_constraint=True, length=20),
                  nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=254), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("taken_back_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_imports")),
        sa.UniqueConstraint("public_id", name=op.f("uq_draft_imports_public_id")),
    )  # fmt: skip
    op.create_table(
        "draft_import_rows",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.LargeBinary(length=32), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("petition_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["draft_imports.id"], name=op.f("fk_draft_import_rows_import_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_draft_import_rows_case_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["petition_id"], ["petitions.id"], name=op.f("fk_draft_import_rows_petition_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_draft_import_rows")),
    )
    op.create_index(op.f("ix_draft_import_rows_mark"), "draft_import_rows", ["mark"])
    op.create_index(op.f("ix_draft_import_rows_case_id"), "draft_import_rows", ["case_id"])
    op.create_index(op.f("ix_draft_import_rows_petition_id"), "draft_import_rows", ["petition_id"])


def downgrade() -> None:
    op.drop_table("draft_import_rows")
    op.drop_table("draft_imports")
    with op.batch_alter_table("signature_imports", table_kwargs=NUMBERED_FOR_EVER) as batch:
        for name in ("invite_ended_at", "invited", "invite_cursor"):
            batch.drop_column(name)
