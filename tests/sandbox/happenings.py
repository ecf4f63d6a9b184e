"""Which events tell what, in their order."""

DEBITED = ["payment_intent.succeeded", "charge.succeeded"]
CHARGED = [*DEBITED, "charge.updated"]  # a card's charge is booked a moment later
BILLED = ["invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid"]
PAID = [*CHARGED, "checkout.session.completed"]
DECLINED = ["charge.failed", "payment_intent.payment_failed"]
