"""deliveries: packs and their files, the public log, clerks' links and papers, corrections, samples."""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'log_checkpoints',
        sa.Column('petition_id', sa.Integer(), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
        sa.Column('note', sa.Text(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name='fk_log_checkpoints_petition_id'),
        sa.PrimaryKeyConstraint('petition_id', 'size', name='pk_log_checkpoints')
    )
    op.create_table(
        'log_chunks',
        sa.Column('petition_id', sa.Integer(), nullable=False),
        sa.Column('first', sa.Integer(), nullable=False),
        sa.Column('leaves', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name='fk_log_chunks_petition_id'),
        sa.PrimaryKeyConstraint('petition_id', 'first', name='pk_log_chunks')
    )
    op.create_table(
        'log_waiting',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('petition_id', sa.Integer(), nullable=False),
        sa.Column('leaves', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name='fk_log_waiting_petition_id'),
        sa.PrimaryKeyConstraint('id', name='pk_log_waiting'),
        sqlite_autoincrement=True
    )
    with op.batch_alter_table('log_waiting') as batch:
        batch.create_index('ix_log_waiting_petition_id', ['petition_id'])

    op.create_table(
        'deliveries',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('public_id', sa.String(length=22), nullable=False),
        sa.Column('petition_id', sa.Integer(), nullable=False),
        sa.Column('recipient_id', sa.Integer(), nullable=True),
        sa.Column('recipient', sa.JSON(), nullable=False),
        sa.Column('language', sa.String(length=10), nullable=False),
        sa.Column('formats', sa.JSON(), nullable=False),
        sa.Column('columns', sa.JSON(), nullable=False),
        sa.Column('countries', sa.JSON(), nullable=False),
        sa.Column('since_id', sa.Integer(), nullable=True),
        sa.Column('notable_first', sa.Boolean(), nullable=False),
        sa.Column('count_only', sa.Boolean(), nullable=False),
        sa.Column('purpose', sa.String(length=500), nullable=False),
        sa.Column('delete_by', sa.Date(), nullable=True),
        sa.Column('protection', sa.Enum('none', 'password', 'age', name='protection', native_enum=False, create_constraint=True, length=20), nullable=False),
        sa.Column('age_recipient', sa.String(length=100), nullable=False),
        sa.Column('kept_days', sa.Integer(), nullable=False),
        sa.Column('state', sa.Enum('waiting', 'queued', 'making', 'ready', 'expired', 'cancelled', 'refused', 'failed', name='deliverystate', native_enum=False, create_constraint=True, length=20), nullable=False),
        sa.Column('created_by', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('approved_by', sa.Integer(), nullable=True),
        sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('reason', sa.String(length=500), nullable=False),
        sa.Column('stage', sa.String(length=40), nullable=False),
        sa.Column('done', sa.Integer(), nullable=False),
        sa.Column('total', sa.Integer(), nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('lines', sa.Integer(), nullable=False),
        sa.Column('counted', sa.Integer(), nullable=False),
        sa.Column('withheld', sa.Integer(), nullable=False),
        sa.Column('last_signature_id', sa.BigInteger(), nullable=True),
        sa.Column('log_size', sa.Integer(), nullable=False),
        sa.Column('manifest', sa.Text(), nullable=True),
        sa.Column('signature', sa.LargeBinary(length=64), nullable=True),
        sa.Column('key_fingerprint', sa.String(length=80), nullable=True),
        sa.Column('cover_code_digest', sa.LargeBinary(length=32), nullable=True),
        sa.Column('key_id', sa.String(length=16), nullable=True),
        sa.Column('data_key_id', sa.String(length=16), nullable=True),
        sa.Column('blob', sa.LargeBinary(), nullable=True),
        sa.Column('handed_on', sa.Date(), nullable=True),
        sa.Column('handed_how', sa.Enum('in_person', 'post', 'email', 'platform', 'other', name='handedhow', native_enum=False, create_constraint=True, length=20), nullable=True),
        sa.Column('handed_by', sa.String(length=120), nullable=False),
        sa.Column('received_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('file_number', sa.String(length=120), nullable=False),
        sa.Column('answer_due', sa.Date(), nullable=True),
        sa.Column('reminded_on', sa.Date(), nullable=True),
        sa.Column('reply', sa.Text(), nullable=False),
        sa.Column('replied_on', sa.Date(), nullable=True),
        sa.CheckConstraint("state NOT IN ('ready', 'expired') OR (manifest IS NOT NULL AND signature IS NOT NULL AND key_fingerprint IS NOT NULL AND made_at IS NOT NULL)", name='ck_deliveries_published_whole'),
        sa.CheckConstraint('approved_by IS NULL OR approved_by <> created_by', name='ck_deliveries_second_person'),
        sa.ForeignKeyConstraint(['data_key_id'], ['data_keys.id'], name='fk_deliveries_data_key_id'),
        sa.ForeignKeyConstraint(['key_id'], ['vault_keys.id'], name='fk_deliveries_key_id'),
        sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name='fk_deliveries_petition_id'),
        sa.ForeignKeyConstraint(['recipient_id'], ['recipients.id'], name='fk_deliveries_recipient_id', ondelete='SET NULL'),
        sa.ForeignKeyConstraint(['since_id'], ['deliveries.id'], name='fk_deliveries_since_id'),
        sa.PrimaryKeyConstraint('id', name='pk_deliveries'),
        sa.UniqueConstraint('public_id', name='uq_deliveries_public_id')
    )
    with op.batch_alter_table('deliveries') as batch:
        batch.create_index('ix_deliveries_petition_id_state', ['petition_id', 'state'])
        batch.create_index('ix_deliveries_recipient_id', ['recipient_id'])

    op.create_table(
        'clerk_links',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
        sa.Column('public_id', sa.String(length=22), nullable=False),
        sa.Column('delivery_id', sa.Integer(), nullable=False),
        sa.Column('key_id', sa.String(length=16), nullable=True),
        sa.Column('data_key_id', sa.String(length=16), nullable=True),
        sa.Column('blob', sa.LargeBinary(), nullable=True),
        sa.Column('code_digest', sa.LargeBinary(length=32), nullable=False),
        sa.Column('code_tries', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('checkpoint_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['data_key_id'], ['data_keys.id'], name='fk_clerk_links_data_key_id'),
        sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name='fk_clerk_links_delivery_id', ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['key_id'], ['vault_keys.id'], name='fk_clerk_links_key_id'),
        sa.PrimaryKeyConstraint('id', name='pk_clerk_links'),
        sa.UniqueConstraint('digest', name='uq_clerk_links_digest'),
        sa.UniqueConstraint('public_id', name='uq_clerk_links_public_id')
    )
    with op.batch_alter_table('clerk_links') as batch:
        batch.create_index('ix_clerk_links_delivery_id', ['delivery_id'])

    op.create_table(
        'delivery_corrections',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('delivery_id', sa.Integer(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('reason', sa.String(length=20), nullable=False),
        sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name='fk_delivery_corrections_delivery_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_delivery_corrections'),
        sa.UniqueConstraint('delivery_id', 'number', name='uq_delivery_corrections_delivery_id_number'),
        sqlite_autoincrement=True
    )
    op.create_table(
        'delivery_files',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('delivery_id', sa.Integer(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(length=120), nullable=False),
        sa.Column('media_type', sa.String(length=100), nullable=False),
        sa.Column('size', sa.BigInteger(), nullable=False),
        sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name='fk_delivery_files_delivery_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_delivery_files'),
        sa.UniqueConstraint('delivery_id', 'name', name='uq_delivery_files_delivery_id_name')
    )
    with op.batch_alter_table('delivery_files') as batch:
        batch.create_index('ix_delivery_files_digest', ['digest'])

    op.create_table(
        'delivery_line_parts',
        sa.Column('delivery_id', sa.Integer(), nullable=False),
        sa.Column('first', sa.Integer(), nullable=False),
        sa.Column('signature_ids', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name='fk_delivery_line_parts_delivery_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('delivery_id', 'first', name='pk_delivery_line_parts')
    )
    op.create_table(
        'delivery_papers',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('public_id', sa.String(length=22), nullable=False),
        sa.Column('delivery_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.Enum('receipt', 'reply', name='paperkind', native_enum=False, create_constraint=True, length=20), nullable=False),
        sa.Column('by_clerk', sa.Boolean(), nullable=False),
        sa.Column('media_type', sa.String(length=100), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('key_id', sa.String(length=16), nullable=True),
        sa.Column('data_key_id', sa.String(length=16), nullable=True),
        sa.Column('blob', sa.LargeBinary(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('content', sa.LargeBinary(), nullable=True),
        sa.CheckConstraint('(content IS NULL) = (published_at IS NULL)', name='ck_delivery_papers_published_whole'),
        sa.ForeignKeyConstraint(['data_key_id'], ['data_keys.id'], name='fk_delivery_papers_data_key_id'),
        sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name='fk_delivery_papers_delivery_id', ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['key_id'], ['vault_keys.id'], name='fk_delivery_papers_key_id'),
        sa.PrimaryKeyConstraint('id', name='pk_delivery_papers'),
        sa.UniqueConstraint('public_id', name='uq_delivery_papers_public_id')
    )
    with op.batch_alter_table('delivery_papers') as batch:
        batch.create_index('ix_delivery_papers_delivery_id', ['delivery_id'])

    op.create_table(
        'logged_lines',
        sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
        sa.Column('petition_id', sa.Integer(), nullable=False),
        sa.Column('episode', sa.LargeBinary(length=16), nullable=False),
        sa.Column('nonce', sa.LargeBinary(length=12), nullable=False),
        sa.Column('consent_digest', sa.String(length=64), nullable=False),
        sa.Column('add_leaf', sa.LargeBinary(length=32), nullable=False),
        sa.Column('remove_leaf', sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(['petition_id'], ['petitions.id'], name='fk_logged_lines_petition_id'),
        sa.ForeignKeyConstraint(['signature_id'], ['signatures.id'], name='fk_logged_lines_signature_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('signature_id', name='pk_logged_lines')
    )
    with op.batch_alter_table('logged_lines') as batch:
        batch.create_index('ix_logged_lines_petition_id', ['petition_id'])

    op.create_table(
        'samples',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('public_id', sa.String(length=22), nullable=False),
        sa.Column('delivery_id', sa.Integer(), nullable=False),
        sa.Column('seed', sa.String(length=200), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('numbers', sa.JSON(), nullable=False),
        sa.Column('state', sa.Enum('asked', 'asking', 'closed', 'refused', name='samplestate', native_enum=False, create_constraint=True, length=20), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('mailed', sa.Integer(), nullable=False),
        sa.Column('yes', sa.Integer(), nullable=False),
        sa.Column('no', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name='fk_samples_delivery_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_samples'),
        sa.UniqueConstraint('delivery_id', 'seed', name='uq_samples_delivery_id_seed'),
        sa.UniqueConstraint('public_id', name='uq_samples_public_id')
    )
    with op.batch_alter_table('samples') as batch:
        still_open = sa.text("state IN ('asked', 'asking')")
        batch.create_index('ix_samples_open', ['delivery_id'], unique=True, sqlite_where=still_open, postgresql_where=still_open)

    op.create_table(
        'sample_questions',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
        sa.Column('sample_id', sa.Integer(), nullable=False),
        sa.Column('signature_id', sa.BigInteger(), nullable=True),
        sa.Column('digest', sa.LargeBinary(length=32), nullable=True),
        sa.Column('answered', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['sample_id'], ['samples.id'], name='fk_sample_questions_sample_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name='pk_sample_questions'),
        sa.UniqueConstraint('digest', name='uq_sample_questions_digest'),
        sa.UniqueConstraint('sample_id', 'signature_id', name='uq_sample_questions_sample_id_signature_id'),
        sqlite_autoincrement=True
    )


def downgrade() -> None:
    for table in (
        "sample_questions",
        "samples",
        "logged_lines",
        "delivery_papers",
        "delivery_line_parts",
        "delivery_files",
        "delivery_corrections",
        "clerk_links",
        "deliveries",
        "log_waiting",
        "log_chunks",
        "log_checkpoints",
    ):
        op.drop_table(table)
