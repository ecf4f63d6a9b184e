"""signing in depth."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations.base import BatchOperations

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


STATES = ("received", "mailed", "confirmed", "expired", "held", "superseded", "discarded")
EXIT_REASONS = ("withdrawn", "disowned", "erased")
PURPOSES = ("confirm", "withdraw", "disown", "manage")
METHODS = ("web", "paper", "notable")
HELD_REASONS = (
    "unreadable", "suppressed", "unsubscribed", "mail_limit", "refused", "trap", "disposable", "no_mail_server", "domain",
    "bucket", "velocity", "wave",
)  # fmt: skip
DEFAULTS = {
    "petitions": ("invited_only", "retention_days", "legal_hold"),
    "submissions": ("proved", "trapped", "mails"),
    "tally_changes": ("method",),
}
NUMBERED_FOR_EVER = ("submissions", "signatures", "tally_changes")


def one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


@contextmanager
def altered(table: str, **checks: str | None) -> Iterator[BatchOperations]:
    """A batch on a table with rows; `checks` by short name are replaced, added, or (None) dropped."""
    there = {check["name"] for check in sa.inspect(op.get_bind()).get_check_constraints(table)}
    numbered = {"sqlite_autoincrement": True} if table in NUMBERED_FOR_EVER else {}
    with op.batch_alter_table(table, table_kwargs=numbered) as batch:
        for short in checks:
            if f"ck_{table}_{short}" in there:
                batch.drop_constraint(op.f(f"ck_{table}_{short}"), type_="check")
        yield batch
        for short, condition in checks.items():
            if condition:
                batch.create_check_constraint(op.f(f"ck_{table}_{short}"), sa.text(condition))


def upgrade() -> None:
    op.create_table('domain_rules',
    sa.Column('domain', sa.String(length=253), nullable=False),
    sa.Column('action', sa.Enum('hold', 'trust', name='ruleaction', native_enum=False, create_constraint=True, length=20), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('created_by', sa.String(length=254), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('domain', name=op.f('pk_domain_rules'))
    )
    op.create_table('mail_hours',
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent', sa.Integer(), nullable=False),
    sa.Column('refused', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('hour', name=op.f('pk_mail_hours'))
    )
    op.create_table('spent_proofs',
    sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_spent_proofs'))
    )
    with op.batch_alter_table('spent_proofs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_spent_proofs_expires_at'), ['expires_at'], unique=False)

    op.create_table('switches',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.String(length=254), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_switches'))
    )
    op.create_table('unsubscribes',
    sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_unsubscribes'))
    )
    op.create_table('invalidations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=16), nullable=False),
    sa.Column('petition_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('preview', 'running', 'done', 'cancelled', 'undoing', 'undone', name='invalidationstate', native_enum=False, create_constraint=True, length=20), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('data_key_id', sa.String(length=16), nullable=False),
    sa.Column('blob', sa.LargeBinary(), nullable=False),
    sa.Column('criteria', sa.JSON(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('found', sa.Integer(), nullable=True),
    sa.Column('cursor', sa.Integer(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=True),
    sa.Column('taken', sa.Integer(), nullable=False),
    sa.Column('created_by', sa.String(length=254), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name=op.f('fk_invalidations_petition_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invalidations')),
    sa.UniqueConstraint('public_id', name=op.f('uq_invalidations_public_id'))
    )
    with op.batch_alter_table('invalidations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invalidations_petition_id'), ['petition_id'], unique=False)

    op.create_table('margins',
    sa.Column('petition_id', sa.Integer(), nullable=False),
    sa.Column('dimension', sa.String(length=10), nullable=False),
    sa.Column('value', sa.String(length=10), nullable=False),
    sa.Column('signatures', sa.Integer(), nullable=False),
    sa.Column('taken_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name=op.f('fk_margins_petition_id')),
    sa.PrimaryKeyConstraint('petition_id', 'dimension', 'value', name=op.f('pk_margins'))
    )
    op.create_table('milestones',
    sa.Column('petition_id', sa.Integer(), nullable=False),
    sa.Column('signatures', sa.Integer(), nullable=False),
    sa.Column('reached_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name=op.f('fk_milestones_petition_id')),
    sa.PrimaryKeyConstraint('petition_id', 'signatures', name=op.f('pk_milestones'))
    )
    op.create_table('paper_batches',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('petition_id', sa.Integer(), nullable=False),
    sa.Column('label', sa.String(length=120), nullable=False),
    sa.Column('entered_by', sa.String(length=254), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name=op.f('fk_paper_batches_petition_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper_batches'))
    )
    with op.batch_alter_table('paper_batches', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_paper_batches_petition_id'), ['petition_id'], unique=False)

    op.create_table('signals',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('petition_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('country_share', 'domain_burst', 'name_repetition', 'velocity', 'alias_rate', name='signalkind', native_enum=False, create_constraint=True, length=20), nullable=False),
    sa.Column('value', sa.String(length=253), nullable=False),
    sa.Column('cluster_id', sa.String(length=16), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submissions', sa.Integer(), nullable=False),
    sa.Column('expected', sa.Float(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by', sa.String(length=254), nullable=True),
    sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name=op.f('fk_signals_petition_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signals')),
    sa.UniqueConstraint('cluster_id', name=op.f('uq_signals_cluster_id'))
    )
    with op.batch_alter_table('signals', schema=None) as batch_op:
        batch_op.create_index('ix_signals_petition_id_kind_value', ['petition_id', 'kind', 'value'], unique=False)

    op.create_table('invitations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=22), nullable=False),
    sa.Column('petition_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('member', 'notable', 'organisation', name='invitationkind', native_enum=False, create_constraint=True, length=20), nullable=False),
    sa.Column('state', sa.Enum('proposed', 'invited', 'confirmed', 'approved', 'declined', 'withdrawn', name='invitationstate', native_enum=False, create_constraint=True, length=20), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('email_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('index_version', sa.Integer(), nullable=True),
    sa.Column('key_id', sa.String(length=16), nullable=True),
    sa.Column('data_key_id', sa.String(length=16), nullable=True),
    sa.Column('blob', sa.LargeBinary(), nullable=True),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('digest', sa.LargeBinary(length=32), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('proposed_by', sa.Integer(), nullable=True),
    sa.Column('invited_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('public_name', sa.String(length=120), nullable=True),
    sa.Column('public_role', sa.String(length=100), nullable=True),
    sa.Column('public_affiliation', sa.String(length=200), nullable=True),
    sa.Column('public_size', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('confirmed', 'approved') OR public_name IS NULL", name=op.f('ck_invitations_shown_once_confirmed')),
    sa.ForeignKeyConstraint(['data_key_id'], ['data_keys.id'], name=op.f('fk_invitations_data_key_id')),
    sa.ForeignKeyConstraint(['key_id'], ['vault_keys.id'], name=op.f('fk_invitations_key_id')),
    sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name=op.f('fk_invitations_petition_id')),
    sa.ForeignKeyConstraint(['proposed_by'], ['invitations.id'], name=op.f('fk_invitations_proposed_by')),
    sa.ForeignKeyConstraint(['signature_id'], ['signatures.id'], name=op.f('fk_invitations_signature_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitations')),
    sa.UniqueConstraint('digest', name=op.f('uq_invitations_digest')),
    sa.UniqueConstraint('petition_id', 'email_index', name=op.f('uq_invitations_petition_id_email_index')),
    sa.UniqueConstraint('public_id', name=op.f('uq_invitations_public_id'))
    )
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.create_index('ix_invitations_petition_id_position', ['petition_id', 'position'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitations_proposed_by'), ['proposed_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_invitations_signature_id'), ['signature_id'], unique=False)

    with altered("petitions") as batch:
        batch.add_column(sa.Column("invited_only", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("delivered_at", sa.DateTime(timezone=True)))
        batch.add_column(sa.Column("retention_days", sa.Integer(), nullable=False, server_default="90"))
        batch.add_column(sa.Column("legal_hold", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("erased_at", sa.DateTime(timezone=True)))
    with altered("signatures", exitreason=one_of("exit_reason", EXIT_REASONS)) as batch:
        batch.add_column(sa.Column("cluster_id", sa.String(length=16)))
        batch.add_column(sa.Column("invalidation_id", sa.Integer()))
        batch.add_column(sa.Column("batch_id", sa.Integer()))
        batch.create_index("ix_signatures_batch_id", ["batch_id"])
        batch.create_index("ix_signatures_cluster_id", ["cluster_id"])
        batch.create_index("ix_signatures_invalidation_id", ["invalidation_id"])
        batch.create_foreign_key(op.f("fk_signatures_invalidation_id"), "invalidations", ["invalidation_id"], ["id"])
        batch.create_foreign_key(op.f("fk_signatures_batch_id"), "paper_batches", ["batch_id"], ["id"])
    with altered(
        "submissions", submissionstate=one_of("state", STATES), heldreason=one_of("held_reason", HELD_REASONS)
    ) as batch:
        batch.add_column(sa.Column("bucket", sa.String(length=32)))
        batch.add_column(sa.Column("proved", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("trapped", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("cluster_id", sa.String(length=16)))
        batch.add_column(sa.Column("held_reason", sa.String(length=20)))
        batch.add_column(sa.Column("held_at", sa.DateTime(timezone=True)))
        batch.add_column(sa.Column("released_at", sa.DateTime(timezone=True)))
        batch.add_column(sa.Column("mails", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("mailed_at", sa.DateTime(timezone=True)))
        batch.add_column(sa.Column("reminded_at", sa.DateTime(timezone=True)))
        where = sa.text("bucket IS NOT NULL")
        batch.create_index("ix_submissions_bucket", ["bucket"], sqlite_where=where, postgresql_where=where)
        batch.create_index("ix_submissions_cluster_id", ["cluster_id"])
        batch.create_index("ix_submissions_petition_id_received_at", ["petition_id", "received_at"])
    with altered("signature_tokens", purpose=one_of("purpose", PURPOSES)):
        pass
    with altered("tally_changes", method=one_of("method", METHODS)) as batch:
        batch.add_column(sa.Column("method", sa.String(length=20), nullable=False, server_default="web"))
    for table, columns in DEFAULTS.items():
        with altered(table) as batch:
            for column in columns:
                batch.alter_column(column, server_default=None)
    op.execute("UPDATE submissions SET mails = 1, mailed_at = received_at WHERE state IN ('mailed', 'confirmed')")


def downgrade() -> None:
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invitations_signature_id'))
        batch_op.drop_index(batch_op.f('ix_invitations_proposed_by'))
        batch_op.drop_index('ix_invitations_petition_id_position')

    op.drop_table('invitations')
    op.execute("UPDATE submissions SET state = 'expired' WHERE state IN ('superseded', 'discarded')")
    op.execute("UPDATE signatures SET exit_reason = 'withdrawn' WHERE exit_reason = 'erased'")
    op.execute("UPDATE signature_tokens SET purpose = 'withdraw' WHERE purpose = 'manage'")
    with altered("tally_changes", method=None) as batch:
        batch.drop_column("method")
    with altered("signature_tokens", purpose=one_of("purpose", PURPOSES[:-1])):
        pass
    with altered("submissions", submissionstate=one_of("state", STATES[:-2]), heldreason=None) as batch:
        for index in ("petition_id_received_at", "cluster_id", "bucket"):
            batch.drop_index(f"ix_submissions_{index}")
        for column in (
            "reminded_at", "mailed_at", "mails", "released_at", "held_at", "held_reason", "cluster_id", "trapped",
            "proved", "bucket",
        ):  # fmt: skip
            batch.drop_column(column)
    with altered("signatures", exitreason=one_of("exit_reason", EXIT_REASONS[:-1])) as batch:
        batch.drop_constraint(op.f("fk_signatures_batch_id"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_signatures_invalidation_id"), type_="foreignkey")
        for column in ("invalidation_id", "cluster_id", "batch_id"):
            batch.drop_index(f"ix_signatures_{column}")
            batch.drop_column(column)
    with altered("petitions") as batch:
        for column in ("erased_at", "legal_hold", "retention_days", "delivered_at", "invited_only"):
            batch.drop_column(column)
    with op.batch_alter_table('signals', schema=None) as batch_op:
        batch_op.drop_index('ix_signals_petition_id_kind_value')

    op.drop_table('signals')
    with op.batch_alter_table('paper_batches', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_paper_batches_petition_id'))

    op.drop_table('paper_batches')
    op.drop_table('milestones')
    op.drop_table('margins')
    with op.batch_alter_table('invalidations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invalidations_petition_id'))

    op.drop_table('invalidations')
    op.drop_table('unsubscribes')
    op.drop_table('switches')
    with op.batch_alter_table('spent_proofs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_spent_proofs_expires_at'))

    op.drop_table('spent_proofs')
    op.drop_table('mail_hours')
    op.drop_table('domain_rules')
