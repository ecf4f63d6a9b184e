"""signatures taken over from other systems, and the site's own facts."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations.base import BatchOperations

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

NUMBERED_FOR_EVER = {"sqlite_autoincrement": True}
STATES = ("received", "mailed", "confirmed", "expired", "held", "superseded", "discarded", "imported")
METHODS = ("web", "paper", "notable", "imported")
ORIGINS = ("change_org", "action_network", "civicrm", "speakout", "other")
IMPORT_STATES = ("counting", "waiting", "running", "done", "cancelled", "undoing", "undone")
REFUSALS = (
    "quotes", "columns", "no_name", "name", "no_country", "country", "email", "text", "date", "future", "unconfirmed",
    "repeated", "imported", "signed", "disowned",
)  # fmt: skip
RUNNING, OF_A_FILE = sa.text("state = 'running'"), sa.text("import_id IS NOT NULL")


def big_id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def one_of(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)


@contextmanager
def allowing(table: str, check: str, column: str, values: tuple[str, ...]) -> Iterator[BatchOperations]:
    """A batch on a table with rows, in which a column may then hold these values."""
    with op.batch_alter_table(table, table_kwargs=NUMBERED_FOR_EVER) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_{check}"), type_="check")
        yield batch
        listed = ", ".join(repr(value) for value in values)
        batch.create_check_constraint(op.f(f"ck_{table}_{check}"), sa.text(f"{column} IN ({listed})"))


def upgrade() -> None:
    op.create_table(
        "signature_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("petition_id", sa.Integer(), nullable=False),
        sa.Column("origin", one_of("importorigin", ORIGINS), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("state", one_of("importstate", IMPORT_STATES), nullable=False),
        sa.Column("meaning", sa.JSON(), nullable=False),
        sa.Column("encoding", sa.String(length=20), nullable=False),
        sa.Column("delimiter", sa.String(length=1), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("without_address", sa.Integer(), nullable=False),
        sa.Column("without_updates", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_signature_imports_petition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature_imports")),
        sa.UniqueConstraint("public_id", name=op.f("uq_signature_imports_public_id")),
        **NUMBERED_FOR_EVER,
    )
    op.create_index(op.f("ix_signature_imports_petition_id"), "signature_imports", ["petition_id"])
    op.create_index(
        "uq_signature_imports_running", "signature_imports", ["petition_id"], unique=True, sqlite_where=RUNNING,
        postgresql_where=RUNNING,
    )  # fmt: skip
    op.create_table(
        "import_parts",
        sa.Column("id", big_id(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("data_key_id", sa.String(length=16), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["signature_imports.id"], name=op.f("fk_import_parts_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_parts")),
        sa.UniqueConstraint("public_id", name=op.f("uq_import_parts_public_id")),
        **NUMBERED_FOR_EVER,
    )
    op.create_index("uq_import_parts_import_id_number", "import_parts", ["import_id", "number"], unique=True)
    op.create_table(
        "import_refusals",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", one_of("refusal", REFUSALS), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["signature_imports.id"], name=op.f("fk_import_refusals_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_import_refusals")),
    )
    op.create_table(
        "site_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_checks")),
    )
    with allowing("submissions", "submissionstate", "state", STATES) as batch:
        batch.add_column(sa.Column("import_id", sa.Integer(), nullable=True))
        batch.create_index(
            "ix_submissions_import_id", ["import_id", "id"], sqlite_where=OF_A_FILE, postgresql_where=OF_A_FILE
        )
    for table in ("signatures", "tally_changes"):
        with allowing(table, "method", "method", METHODS):
            pass


def downgrade() -> None:
    op.execute("DELETE FROM tally_changes WHERE method = 'imported'")
    op.execute("DELETE FROM tallies WHERE dimension = 'imported'")
    op.execute("UPDATE submissions SET state = 'discarded', blob = NULL, email_index = NULL WHERE state = 'imported'")
    for table in ("tally_changes", "signatures"):
        with allowing(table, "method", "method", METHODS[:-1]):
            pass
    with allowing("submissions", "submissionstate", "state", STATES[:-1]) as batch:
        batch.drop_index("ix_submissions_import_id")
        batch.drop_column("import_id")
    op.drop_table("site_checks")
    op.drop_table("import_refusals")
    op.drop_table("import_parts")
    op.drop_table("signature_imports")
