"""What the office calls the states of gifts, payments and disputes, and why a bank contests a payment."""

from flask_babel import lazy_gettext as _l

STATES = {
    "disputed": _l("Contested"), "refunded": _l("Refunded, whole or part"), "paid": _l("Paid"),
    "pending": _l("Payment under way"), "failed": _l("Payment failed"), "unpaid": _l("Never paid"),
}  # fmt: skip
FREQUENCIES = {"once": _l("once"), "monthly": _l("every month"), "yearly": _l("every year")}
PAYMENTS = {"pending": _l("Under way"), "failed": _l("Failed"), "paid": _l("Paid")}
REFUNDS = {
    "pending": _l("Under way"), "succeeded": _l("Done"), "failed": _l("Failed: the money came back to us"),
    "canceled": _l("Cancelled: the money came back to us"),
}  # fmt: skip
REQUESTS = {
    "asked": _l("Asked: it is made as soon as Stripe answers"), "sent": _l("Made by Stripe"),
    "refused": _l("Refused by Stripe"),
}  # fmt: skip
DISPUTES = {
    "inquiry": _l("Inquiry: the bank asks, no money has moved"), "open": _l("Open: the bank has taken the money"),
    "won": _l("Won: the money came back to us"), "lost": _l("Lost: the money is gone"),
}  # fmt: skip
SUBSCRIPTIONS = {
    "incomplete": _l("The first payment is not made yet"), "active": _l("Running"),
    "past_due": _l("A payment failed and is tried again"), "paused": _l("Paused: nothing is taken"), "canceled": _l("Ended"),
}  # fmt: skip
# Stripe's words for why a bank contests. Source: Stripe, dispute.reason.
REASONS = {
    "bank_cannot_process": _l("The bank cannot process the payment."),
    "check_returned": _l("The cheque was returned."),
    "credit_not_processed": _l("The donor says that a refund was promised and did not come."),
    "customer_initiated": _l("The donor asked the bank for the money back."),
    "debit_not_authorized": _l("The donor says that the debit was not allowed."),
    "duplicate": _l("The donor says that it was taken twice."),
    "fraudulent": _l("The donor says that somebody else used the card."),
    "general": _l("The bank gives no particular reason."),
    "incorrect_account_details": _l("The account details were wrong."),
    "insufficient_funds": _l("The account did not hold enough."),
    "noncompliant": _l("The bank says that a rule of the card network was broken."),
    "product_not_received": _l("The donor says that nothing was received for it."),
    "product_unacceptable": _l("The donor says that it was not what was described."),
    "subscription_canceled": _l("The donor says that the recurring gift had been stopped."),
    "unrecognized": _l("The donor does not recognise the payment."),
}
EVERY = {
    "states": STATES, "frequencies": FREQUENCIES, "payments": PAYMENTS, "refunds": REFUNDS, "requests": REQUESTS,
    "disputes": DISPUTES, "subscriptions": SUBSCRIPTIONS, "reasons": REASONS,
}  # fmt: skip
