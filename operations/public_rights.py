"""What the PostgreSQL role of the public server may do, table by table: whoever takes that server gets no more.

Petitions, cases and switches it reads; what people send it inserts, what they take back it empties. Organisers, their
login links and the chain of their acts it cannot see. A test runs every public act so, and wants a line for each table."""

from collections.abc import Iterator

READS, ADDS = "SELECT", "SELECT, INSERT"
ACTS = "SELECT, INSERT, UPDATE"
RIGHTS: dict[str, str] = {
    "alembic_version": READS, "cases": READS, "people": READS, "events": READS, "gone_addresses": READS, "case_consents": "",
    "case_images": READS, "case_image_files": READS,
    "case_translations": READS, "person_translations": READS, "event_translations": READS,
    "petitions": READS, "recipients": READS,
    "consent_texts": READS, "switches": READS, "vault_keys": READS, "tallies": READS, "milestones": READS, "margins": READS,
    "mail_hours": READS, "signals": READS, "stripe_events": ACTS, "data_keys": ADDS, "spent_proofs": ADDS,
    "suppressions": ADDS, "jobs": ACTS, "submissions": ACTS, "signatures": ACTS, "tally_changes": ACTS, "invitations": ACTS,
    "donations": ACTS, "payments": ACTS, "invoice_payments": ACTS, "refunds": ACTS, "disputes": ACTS, "subscriptions": ACTS,
    "agreed_amounts": ADDS, "decline_waves": READS, "fraud_warnings": ADDS, "signature_tokens": "SELECT, INSERT, DELETE",
    "unsubscribes": "SELECT, INSERT, DELETE",
    "organisers": "", "roles": "", "organiser_roles": "", "login_links": "", "memberships": "", "office_sessions": "",
    "code_apps": "", "passkeys": "", "recovery_codes": "", "office_invitations": "", "email_changes": "", "kept_forms": "",
    "audit_entries": "", "audit_heads": "",
    "domain_rules": "", "invalidations": "", "paper_batches": "", "refund_requests": "", "currency_rates": "",
    "balance_transactions": "", "payouts": "", "offline_gifts": READS,
    "donors": READS, "donor_links": "SELECT, DELETE", "fund_questions": "SELECT, UPDATE", "tax_registrations": READS,
    "tax_receipts": READS, "tax_receipt_lines": READS, "tax_counters": "",
    "comments": ACTS, "reports": ADDS, "moderation_acts": "", "held_judgements": "",
    "page_counts": ACTS, "audit_checkpoints": "",
    "signature_imports": "", "import_parts": "", "import_refusals": "", "site_checks": "",
    "draft_imports": "", "draft_import_rows": "",
    "petition_versions": READS, "petition_translations": READS,
    "wall_entries": READS, "patron_levels": READS, "patron_minimums": READS, "general_fund": READS,
    "deliveries": "SELECT, UPDATE (received_at, file_number, answer_due, reminded_on)", "delivery_files": READS,
    "delivery_line_parts": "",
    "delivery_corrections": "SELECT (delivery_id)",
    "clerk_links": "SELECT, UPDATE (opened_at, code_tries)", "delivery_papers": ADDS, "samples": ADDS,
    "sample_questions": "SELECT, UPDATE",
    "log_chunks": READS, "log_checkpoints": READS, "logged_lines": READS,
    "log_waiting": READS,
    "updates": "", "update_counts": "", "update_marks": "", "mail_bounces": "",
}  # fmt: skip


def statements(role: str) -> Iterator[str]:
    """SQL that gives a role these rights and takes every other, for the owner of the tables to run; again after an upgrade."""
    name = '"' + role.replace('"', '""') + '"'
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name};"
    yield f"GRANT USAGE ON SCHEMA public TO {name};"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name};"
    for table, rights in RIGHTS.items():
        if rights:
            yield f"GRANT {rights} ON {table} TO {name};"
