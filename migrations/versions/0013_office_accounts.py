"""roles, sessions on the server, second factors and invitations of the office."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

NUMBERED_FOR_EVER = {"sqlite_autoincrement": True}
EVERY_CASE, ONE_CASE = sa.text("case_id IS NULL"), sa.text("case_id IS NOT NULL")
ROLES = ("owner", "organiser", "moderator", "treasurer", "viewer")
NEW = (
    "email_changes", "office_invitations", "recovery_codes", "passkeys", "code_apps", "office_sessions", "memberships",
)  # fmt: skip


def role() -> sa.Column:
    kind = sa.Enum(*ROLES, name="officerole", native_enum=False, create_constraint=True, length=20)
    return sa.Column("role", kind, nullable=False)


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def of_organiser(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organiser_id"], ["organisers.id"], name=op.f(f"fk_{table}_organiser_id"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "memberships",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        role(),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "case_id IS NULL OR role NOT IN ('owner', 'treasurer')", name=op.f("ck_memberships_role_of_the_whole_site")
        ),
        of_organiser("memberships"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_memberships_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_case_id"), "memberships", ["case_id"])
    op.create_index(
        "uq_memberships_organiser_role", "memberships", ["organiser_id", "role"], unique=True,
        sqlite_where=EVERY_CASE, postgresql_where=EVERY_CASE,
    )  # fmt: skip
    op.create_index(
        "uq_memberships_organiser_role_case", "memberships", ["organiser_id", "role", "case_id"], unique=True,
        sqlite_where=ONE_CASE, postgresql_where=ONE_CASE,
    )  # fmt: skip
    op.create_table(
        "office_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.String(length=12), nullable=False),
        sa.Column("browser", sa.String(length=40), nullable=False),
        moment("created_at"),
        moment("last_seen_at"),
        moment("factor_at", nullable=True),
        moment("stepped_up_at", nullable=True),
        sa.Column("challenge", sa.LargeBinary(length=32), nullable=True),
        moment("ended_at", nullable=True),
        of_organiser("office_sessions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_office_sessions_digest")),
        **NUMBERED_FOR_EVER,
    )
    op.create_table(
        "code_apps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("data_key_id", sa.String(length=16), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        moment("created_at"),
        moment("confirmed_at", nullable=True),
        of_organiser("code_apps"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_apps")),
        sa.UniqueConstraint("public_id", name=op.f("uq_code_apps_public_id")),
        **NUMBERED_FOR_EVER,
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        moment("created_at"),
        of_organiser("passkeys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
        **NUMBERED_FOR_EVER,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        of_organiser("recovery_codes"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_recovery_codes")),
    )
    for table in ("memberships", "office_sessions", "code_apps", "passkeys", "recovery_codes"):
        op.create_index(op.f(f"ix_{table}_organiser_id"), table, ["organiser_id"])
    create_what_is_under_way()
    op.execute("INSERT INTO memberships (organiser_id, role) SELECT id, 'owner' FROM organisers")  # nobody loses anything


def create_what_is_under_way() -> None:
    op.create_table(
        "office_invitations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        role(),
        sa.Column("cases", sa.JSON(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("invited_by", sa.String(length=254), nullable=False),
        moment("sent_at"),
        moment("expires_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_invitations")),
        sa.UniqueConstraint("email", name=op.f("uq_office_invitations_email")),
        sa.UniqueConstraint("digest", name=op.f("uq_office_invitations_digest")),
    )
    op.create_table(
        "email_changes",
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        moment("expires_at"),
        of_organiser("email_changes"),
        sa.PrimaryKeyConstraint("organiser_id", name=op.f("pk_email_changes")),
        sa.UniqueConstraint("digest", name=op.f("uq_email_changes_digest")),
    )


def downgrade() -> None:
    for table in NEW:
        op.drop_table(table)
