"""cases have a language, and are translated with their people and events."""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

PARTS = {
    "person_translations": ("person_id", "people", {"about": 200, "charge": 200, "sentence": 120, "held_at": 120}),
    "event_translations": ("event_id", "events", {"title": 160, "body": None}),
}


def text(name: str, longest: int | None) -> sa.Column:
    return sa.Column(name, sa.String(length=longest) if longest else sa.Text(), nullable=False)


def written() -> list[sa.Column]:
    """Of which original a translation is, who wrote it and when."""
    moment = sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False)
    return [text("source_digest", 64), text("actor", 254), moment]


def upgrade() -> None:
    with op.batch_alter_table("cases") as batch:
        batch.add_column(sa.Column("language", sa.String(length=10), nullable=False, server_default="en"))
    with op.batch_alter_table("cases") as batch:
        batch.alter_column("language", server_default=None)
    op.create_table(
        "case_translations",
        sa.Column("case_id", sa.Integer(), nullable=False),
        text("language", 10),
        text("title", 160),
        text("lede", None),
        text("story", None),
        text("place", 120),
        text("urgency", 60),
        text("fund_title", 160),
        text("fund_text", None),
        *written(),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_translations_case_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "language", name=op.f("pk_case_translations")),
    )
    for table, (key, of, texts) in PARTS.items():
        op.create_table(
            table,
            sa.Column(key, sa.Integer(), nullable=False),
            text("language", 10),
            sa.Column("case_id", sa.Integer(), nullable=False),
            *(text(name, longest) for name, longest in texts.items()),
            *written(),
            sa.ForeignKeyConstraint([key], [f"{of}.id"], name=op.f(f"fk_{table}_{key}"), ondelete="CASCADE"),
            sa.ForeignKeyConstraint(
                ["case_id", "language"], ["case_translations.case_id", "case_translations.language"],
                name=op.f(f"fk_{table}_case_id"), ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint(key, "language", name=op.f(f"pk_{table}")),
        )  # fmt: skip
        op.create_index(f"ix_{table}_case_id", table, ["case_id", "language"])


def downgrade() -> None:
    for table in (*PARTS, "case_translations"):
        op.drop_table(table)
    with op.batch_alter_table("cases") as batch:
        batch.drop_column("language")
