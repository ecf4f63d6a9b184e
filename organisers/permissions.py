"""Who may open each page of the office: one row an endpoint. One that stands in no row is refused.

`who`: the roles; none: whoever has entered. `case`: how its address leads to the case that the role must be held in;
without it, holding the role in any case is enough, and the page itself shows only what the role reaches. `everywhere`:
only who holds the role in every case. `personal`: it shows data of people, so that a second factor must have been set up.
`step_up`: the second factor must have been given within five minutes. `proof`: of one's own account; whatever proof the
account has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from organisers.accounts.finding import of_case, of_gift, of_petition, of_signal, of_words
from organisers.accounts.models import OfficeRole

OWNER, ORGANISER, MODERATOR = OfficeRole.OWNER, OfficeRole.ORGANISER, OfficeRole.MODERATOR
TREASURER, VIEWER = OfficeRole.TREASURER, OfficeRole.VIEWER

Who = tuple[OfficeRole, ...]
EVERYBODY: Who = (OWNER, ORGANISER, MODERATOR, TREASURER, VIEWER)
READERS: Who = (OWNER, ORGANISER, MODERATOR, VIEWER)
WRITERS: Who = (OWNER, ORGANISER)
JUDGES: Who = (OWNER, ORGANISER, MODERATOR)
MONEY: Who = (OWNER, TREASURER)
GIFTS: Who = (OWNER, ORGANISER, TREASURER)
OWNERS: Who = (OWNER,)


@dataclass(frozen=True)
class Rule:
    who: Who
    case: Callable[..., int | None] | None = None
    everywhere: bool = False
    personal: bool = False
    step_up: bool = False
    proof: bool = False


# Before somebody has entered: these decide for themselves.
DOORS = frozenset({
    "login", "login_link", "enter_by_link", "mail_login_link", "invited", "accept_invitation", "new_address",
    "confirm_address",
})  # fmt: skip
# What stays open between the password and the second factor.
HALF_ENTERED = frozenset({"prove", "prove_by_passkey", "passkey_challenge", "logout"})
# One's own account: whoever has entered, with whatever role.
OWN = Rule(())
OWN_PROVEN = Rule((), proof=True)

PERMISSIONS: Mapping[str, Rule] = {
    "prove": OWN, "prove_by_passkey": OWN, "passkey_challenge": OWN, "logout": OWN,
    "kept_form": OWN, "drop_kept_form": OWN,
    "account": OWN, "end_session": OWN, "end_other_sessions": OWN,
    "factor_list": OWN_PROVEN, "change_address": OWN_PROVEN,
    "begin_code_app": OWN_PROVEN, "confirm_code_app": OWN_PROVEN, "passkey_options": OWN_PROVEN, "add_passkey": OWN_PROVEN,
    "rename_factor": OWN_PROVEN, "remove_factor": OWN_PROVEN, "new_recovery_codes": OWN_PROVEN,
    "dashboard": Rule(EVERYBODY),
    # the house
    "colleagues": Rule(OWNERS, personal=True),
    "invite_colleague": Rule(OWNERS, personal=True, step_up=True),
    "resend_office_invitation": Rule(OWNERS, personal=True, step_up=True),
    "revoke_office_invitation": Rule(OWNERS, personal=True, step_up=True),
    "colleague": Rule(OWNERS, personal=True, step_up=True), "take_role": Rule(OWNERS, personal=True, step_up=True),
    "close_account": Rule(OWNERS, personal=True, step_up=True),
    "reopen_account": Rule(OWNERS, personal=True, step_up=True),
    "audit_chain": Rule(OWNERS, personal=True),
    "switch_page": Rule(OWNERS), "turn_switches": Rule(OWNERS), "country_off": Rule(OWNERS), "country_on": Rule(OWNERS),
    "set_domain_rule": Rule(OWNERS), "remove_domain_rule": Rule(OWNERS), "mail_again": Rule(OWNERS),
    # cases and petitions
    "new_case": Rule(WRITERS, everywhere=True),
    "case": Rule(READERS, of_case),
    "edit_case": Rule(WRITERS, of_case), "safety": Rule(WRITERS, of_case),
    "new_event": Rule(WRITERS, of_case), "edit_event": Rule(WRITERS, of_case), "remove_event": Rule(WRITERS, of_case),
    "new_person": Rule(WRITERS, of_case), "edit_person": Rule(WRITERS, of_case), "remove_person": Rule(WRITERS, of_case),
    "new_petition": Rule(WRITERS, of_case),
    "import_cases": Rule(OWNERS, everywhere=True), "check_cases": Rule(OWNERS, everywhere=True),
    "import_petitions": Rule(WRITERS), "check_petitions": Rule(WRITERS),
    "draft_imports": Rule(WRITERS), "draft_import": Rule(WRITERS), "take_back_drafts": Rule(WRITERS),
    "petition": Rule(READERS, of_petition), "counting": Rule(READERS, of_petition),
    "edit_petition": Rule(WRITERS, of_petition), "act": Rule(WRITERS, of_petition), "recount": Rule(WRITERS, of_petition),
    "new_recipient": Rule(WRITERS, of_petition), "edit_recipient": Rule(WRITERS, of_petition),
    "remove_recipient": Rule(WRITERS, of_petition),
    "delivery_list": Rule(WRITERS, of_petition, personal=True),
    "new_delivery": Rule(WRITERS, of_petition, personal=True),
    "delivery": Rule(WRITERS, of_petition, personal=True),
    "approve_delivery": Rule(WRITERS, of_petition, personal=True, step_up=True),
    "refuse_delivery": Rule(WRITERS, of_petition, personal=True),
    "cancel_delivery": Rule(WRITERS, of_petition, personal=True),
    "fetch_delivery": Rule(WRITERS, of_petition, personal=True, step_up=True),
    "show_cover_code": Rule(WRITERS, of_petition, personal=True, step_up=True),
    "search": Rule(JUDGES, of_petition, personal=True),
    "show_names": Rule(JUDGES, of_petition, personal=True),
    "retention": Rule(WRITERS, of_petition), "record_delivery": Rule(WRITERS, of_petition),
    "delivery_record": Rule(WRITERS, of_petition), "note_hand_over": Rule(WRITERS, of_petition),
    "note_reply": Rule(WRITERS, of_petition), "reply_as_answer": Rule(WRITERS, of_petition),
    "add_delivery_paper": Rule(WRITERS, of_petition),
    "open_delivery_paper": Rule(WRITERS, of_petition, personal=True),
    "turn_delivery_paper": Rule(WRITERS, of_petition, personal=True),
    "correction_note": Rule(WRITERS, of_petition), "pass_on_corrections": Rule(WRITERS, of_petition),
    "send_clerk_link": Rule(WRITERS, of_petition, personal=True, step_up=True),
    "revoke_clerk_link": Rule(WRITERS, of_petition),
    "sample_list": Rule(WRITERS, of_petition), "refuse_sample": Rule(WRITERS, of_petition),
    "approve_sample": Rule(WRITERS, of_petition, step_up=True),
    "hold": Rule(WRITERS, of_petition), "lift_hold": Rule(WRITERS, of_petition),
    "erase": Rule(WRITERS, of_petition, step_up=True),
    # invitations to sign, paper
    "invitation_list": Rule(WRITERS, of_petition, personal=True),
    "new_invitation": Rule(WRITERS, of_petition, personal=True),
    "new_invitations": Rule(WRITERS, of_petition, personal=True),
    "act_on_invitation": Rule(WRITERS, of_petition, personal=True),
    "move_invitation": Rule(WRITERS, of_petition, personal=True),
    "act_on_all_invitations": Rule(WRITERS, of_petition, personal=True),
    "paper": Rule(WRITERS, of_petition, personal=True), "paper_batch": Rule(WRITERS, of_petition, personal=True),
    "new_paper": Rule(WRITERS, of_petition, personal=True), "more_paper": Rule(WRITERS, of_petition, personal=True),
    "take_back_paper": Rule(WRITERS, of_petition, personal=True),
    "take_back_paper_line": Rule(WRITERS, of_petition, personal=True),
    "import_paper": Rule(WRITERS, of_petition, personal=True),
    "check_paper_import": Rule(WRITERS, of_petition, personal=True),
    "run_paper_import": Rule(WRITERS, of_petition, personal=True),
    # moderation
    "held": Rule(JUDGES, of_petition, personal=True), "judge_held": Rule(JUDGES, of_petition, personal=True),
    "undo_held": Rule(JUDGES, of_petition, personal=True),
    "signal_list": Rule(JUDGES),
    "settle_signal": Rule(JUDGES, of_signal), "dismiss_signal": Rule(JUDGES, of_signal),
    "invalidate_signal": Rule(JUDGES, of_signal, personal=True),
    "invalidation_list": Rule(JUDGES, of_petition), "new_invalidation": Rule(JUDGES, of_petition, personal=True),
    "invalidation": Rule(JUDGES, of_petition, personal=True),
    "start_invalidation": Rule(JUDGES, of_petition, personal=True, step_up=True),
    "act_on_invalidation": Rule(JUDGES, of_petition, step_up=True),
    "moderation_room": Rule(JUDGES, personal=True),
    "approve_ticked": Rule(JUDGES, personal=True),
    "undo_last": Rule(JUDGES, personal=True),
    "judge_wall_words": Rule(JUDGES, of_words, personal=True),
    "judge_claim": Rule(JUDGES, of_petition, personal=True),
    "turn_comments": Rule(WRITERS, of_case),
    "comment": Rule(JUDGES, of_case, personal=True),
    "solidarity_letter": Rule(JUDGES, of_case),
    "judge_comment": Rule(JUDGES, of_case, personal=True),
    "reply_to_comment": Rule(JUDGES, of_case, personal=True),
    "open_comment_address": Rule(JUDGES, of_case, personal=True, step_up=True),
    "import_list": Rule(WRITERS, of_petition, personal=True),
    "new_import": Rule(WRITERS, of_petition, personal=True),
    "signature_import": Rule(WRITERS, of_petition, personal=True),
    "understand_import": Rule(WRITERS, of_petition, personal=True),
    "refused_lines": Rule(WRITERS, of_petition, personal=True),
    "act_on_import": Rule(WRITERS, of_petition, personal=True, step_up=True),
    "remove_imported_line": Rule(WRITERS, of_petition, personal=True, step_up=True),
    "site": Rule(OWNERS),
    "check_site": Rule(OWNERS),
    "choose_licence": Rule(OWNERS),
    "update_list": Rule(WRITERS, of_petition),
    "new_update": Rule(WRITERS, of_petition),
    "update": Rule(WRITERS, of_petition),
    "edit_update": Rule(WRITERS, of_petition),
    "translate_update": Rule(WRITERS, of_petition),
    "test_update": Rule(WRITERS, of_petition),
    "send_update": Rule(WRITERS, of_petition, step_up=True),
    "act_on_update": Rule(WRITERS, of_petition),
    "preview": Rule(WRITERS),
    "answer_petition": Rule(WRITERS, of_petition),
    "win_petition": Rule(WRITERS, of_petition),
    "translation_list": Rule(WRITERS, of_petition),
    "translate_petition": Rule(WRITERS, of_petition),
    "remove_translation": Rule(WRITERS, of_petition),
    "case_translations": Rule(WRITERS, of_case),
    "translate_case": Rule(WRITERS, of_case),
    "translate_part": Rule(WRITERS, of_case),
    "remove_case_translation": Rule(WRITERS, of_case),
    "move_person": Rule(WRITERS, of_case),
    "case_images": Rule(WRITERS, of_case),
    "edit_image": Rule(WRITERS, of_case),
    "image_file": Rule(WRITERS, of_case),
    "remove_image": Rule(WRITERS, of_case),
    "make_initials": Rule(WRITERS, of_case, step_up=True),
    "protection_page": Rule(WRITERS, of_case),
    "shield": Rule(WRITERS, of_case),
    "record_consent": Rule(WRITERS, of_case),
    "open_consent": Rule(WRITERS, of_case, personal=True, step_up=True),
    "withdraw_consent": Rule(WRITERS, of_case),
    "set_review": Rule(WRITERS, of_case),
    # money
    "gift_list": Rule(GIFTS), "gift": Rule(GIFTS, of_gift),
    "open_donor": Rule(MONEY, of_gift, personal=True, step_up=True),
    "refund": Rule(MONEY, of_gift, step_up=True),
    "offline_gifts": Rule(MONEY), "offline_gift": Rule(MONEY), "new_offline_gift": Rule(MONEY, personal=True),
    "open_offline_donor": Rule(MONEY, personal=True, step_up=True),
    "take_back_offline_gift": Rule(MONEY, step_up=True),
    "dispute_list": Rule(MONEY), "stripe_events": Rule(MONEY), "settle_event": Rule(MONEY),
    "settle_declines": Rule(MONEY), "settle_fraud": Rule(MONEY),
    "books": Rule(MONEY), "reconcile_books": Rule(MONEY), "export_books": Rule(MONEY, personal=True, step_up=True),
    "rates": Rule(MONEY), "enter_rate": Rule(MONEY),
    "describe_general_fund": Rule(MONEY), "patron_levels": Rule(MONEY), "new_patron_level": Rule(MONEY),
    "edit_patron_level": Rule(MONEY), "retire_patron_level": Rule(MONEY),
    "tax_receipts": Rule(MONEY), "tax_receipt": Rule(MONEY), "new_tax_registration": Rule(MONEY),
    "retire_tax_registration": Rule(MONEY), "issue_tax_receipt_anew": Rule(MONEY),
    "export_tax_receipts": Rule(MONEY, personal=True, step_up=True),
    "open_tax_receipt": Rule(MONEY, personal=True, step_up=True),
}  # fmt: skip


def rule_of(endpoint: str | None) -> Rule | None:
    """The row of an office endpoint, with or without the blueprint's name before it."""
    return PERMISSIONS.get((endpoint or "").removeprefix("office.").removeprefix("."))
