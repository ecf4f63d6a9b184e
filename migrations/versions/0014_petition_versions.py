"""versions and translations of a petition's text, answers and victories, when it was published."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

PUBLISHED = """UPDATE petitions SET published_at = COALESCE(opens_at, created_at)
WHERE state NOT IN ('draft', 'scheduled') AND EXISTS (SELECT 1 FROM consent_texts WHERE petition_id = petitions.id)"""
MOMENT = sa.DateTime(timezone=True)
PETITIONS = sa.table(
    "petitions", sa.column("id"), sa.column("published_at", MOMENT), sa.column("language"), sa.column("title"),
    sa.column("ask"), sa.column("letter"), sa.column("first_signatory"), sa.column("first_signatory_role"),
)  # fmt: skip
ADDRESSED = ("name", "role", "organisation", "address", "country")
RECIPIENTS = sa.table("recipients", sa.column("petition_id"), sa.column("position"), *map(sa.column, ADDRESSED))


def upgrade() -> None:
    with op.batch_alter_table("petitions") as batch:
        batch.add_column(sa.Column("published_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("answer", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("answered_on", sa.Date(), nullable=True))
        batch.add_column(sa.Column("answer_source", sa.String(length=500), nullable=False, server_default=""))
        batch.add_column(sa.Column("closing_lines", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("won_on", sa.Date(), nullable=True))
    with op.batch_alter_table("petitions") as batch:
        for name in ("answer", "answer_source", "closing_lines"):
            batch.alter_column(name, server_default=None)
    versions = op.create_table(
        "petition_versions",
        sa.Column("petition_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("first_signatory", sa.String(length=120), nullable=False),
        sa.Column("first_signatory_role", sa.String(length=200), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["petition_id"], ["petitions.id"], name=op.f("fk_petition_versions_petition_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("petition_id", "number", name=op.f("pk_petition_versions")),
    )
    op.create_table(
        "petition_translations",
        sa.Column("petition_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("ask", sa.Text(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("closing_lines", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("source_digest", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["petition_id"], ["petitions.id"], name=op.f("fk_petition_translations_petition_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("petition_id", "language", name=op.f("pk_petition_translations")),
    )
    op.execute(PUBLISHED)
    connection = op.get_bind()
    for row in connection.execute(sa.select(PETITIONS).where(PETITIONS.c.published_at.is_not(None))).all():
        connection.execute(versions.insert().values(first_version(connection, row)))


def first_version(connection: Any, row: Any) -> dict[str, Any]:
    """The text as it is: what it was before nobody kept."""
    theirs = sa.select(*(RECIPIENTS.c[name] for name in ADDRESSED)).where(RECIPIENTS.c.petition_id == row.id)
    recipients = [dict(one._mapping) for one in connection.execute(theirs.order_by(RECIPIENTS.c.position))]
    return {
        "petition_id": row.id, "number": 1, "language": row.language, "recipients": recipients, "reason": "", "actor": "",
        "texts": {row.language: {"title": row.title, "ask": row.ask, "letter": row.letter}}, "since": row.published_at,
        "first_signatory": row.first_signatory, "first_signatory_role": row.first_signatory_role,
    }  # fmt: skip


def downgrade() -> None:
    op.drop_table("petition_translations")
    op.drop_table("petition_versions")
    with op.batch_alter_table("petitions") as batch:
        for name in ("won_on", "closing_lines", "answer_source", "answered_on", "answer", "published_at"):
            batch.drop_column(name)
