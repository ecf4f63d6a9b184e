"""case safety: consents, the day of the next review, freeze and blur, initials, images."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

BASES = ("person", "family", "lawyer", "public")
MEANS = ("writing", "call", "meeting", "published")
FORMATS = ("webp", "jpeg")
SHOWN_AS = ("name", "initials")


def one_of(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=20, create_constraint=True)


def upgrade() -> None:
    with op.batch_alter_table("cases") as batch:
        batch.add_column(sa.Column("review_on", sa.Date(), nullable=True))
        batch.add_column(sa.Column("review_told_on", sa.Date(), nullable=True))
        batch.add_column(sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("blurred_at", sa.DateTime(timezone=True), nullable=True))
    cases = sa.table("cases", sa.column("status", sa.String), sa.column("review_on", sa.Date))
    today = datetime.now(UTC).date()  # what is public stays so; its risk is to be looked at now
    op.execute(cases.update().where(cases.c.status != "draft").values(review_on=today))
    with op.batch_alter_table("people") as batch:
        batch.add_column(sa.Column("other_spellings", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("shown_as", sa.String(length=20), nullable=False, server_default="name"))
    with op.batch_alter_table("people") as batch:
        batch.alter_column("other_spellings", server_default=None)
        batch.alter_column("shown_as", type_=one_of("shownas", SHOWN_AS), server_default=None)
    op.create_table(
        "case_consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("basis", one_of("consentbasis", BASES), nullable=False),
        sa.Column("means", one_of("consentmeans", MEANS), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=True),
        sa.Column("data_key_id", sa.String(length=16), nullable=True),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by", sa.String(length=254), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_consents_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_case_consents_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_consents")),
        sa.UniqueConstraint("public_id", name=op.f("uq_case_consents_public_id")),
    )
    op.create_index(op.f("ix_case_consents_case_id"), "case_consents", ["case_id"])
    op.create_index(op.f("ix_case_consents_person_id"), "case_consents", ["person_id"])
    op.create_table(
        "case_images",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("alt", sa.String(length=300), nullable=False),
        sa.Column("credit", sa.String(length=200), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_images_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_case_images_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_images")),
    )
    op.create_index(op.f("ix_case_images_case_id"), "case_images", ["case_id"])
    op.create_index(op.f("ix_case_images_person_id"), "case_images", ["person_id"])
    op.create_table(
        "case_image_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("format", one_of("imageformat", FORMATS), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("blurred", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["case_images.id"], name=op.f("fk_case_image_files_image_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_image_files")),
    )
    op.create_index(op.f("ix_case_image_files_image_id"), "case_image_files", ["image_id"])
    op.create_index(op.f("ix_case_image_files_digest"), "case_image_files", ["digest"])
    op.create_table(
        "gone_addresses",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_gone_addresses")),
    )


def downgrade() -> None:
    op.drop_table("gone_addresses")
    op.drop_table("case_image_files")
    op.drop_table("case_images")
    op.drop_table("case_consents")
    with op.batch_alter_table("people") as batch:
        batch.drop_constraint(op.f("ck_people_shownas"), type_="check")
        batch.drop_column("shown_as")
        batch.drop_column("other_spellings")
    with op.batch_alter_table("cases") as batch:
        for column in ("blurred_at", "frozen_at", "review_told_on", "review_on"):
            batch.drop_column(column)
