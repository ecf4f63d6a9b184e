"""A reconciliation as text for a terminal."""

from donations.books.amounts import text
from donations.books.reconciliation import Report, shown
from donations.books.sums import PayoutCheck

CHECKED = {True: "adds up", False: "DIFFERS", None: "Stripe does not say what it holds"}


def as_text(report: Report) -> str:
    """Everything that the run found, the differences last."""
    lines = [
        f"Since {report.since:%Y-%m-%d %H:%M} UTC: {report.seen} events listed, {report.applied} were missing and are applied; "
        f"{report.asked} waiting gifts and refunds asked about."
    ]
    for code, sums in report.sums.items():
        parts = shown(sums, code)
        other = f" + other {parts['other']}" if sums.other else ""
        lines.append(
            f"{code}: gross {parts['gross']} - fees {parts['fees']} - refunds {parts['refunds']} - disputes "
            f"{parts['disputes']}{other} = {text(sums.expected, code)}; Stripe's net: {parts['net']}"
        )
    lines += [_payout(check) for check in report.payouts]
    lines += [f"Note: {note}" for note in report.notes]
    lines += [f"DIFFERS {difference.sentence}" for difference in report.differences]
    lines.append(f"{len(report.differences)} differences." if report.differences else "Nothing differs.")
    return "\n".join(lines)


def _payout(check: PayoutCheck) -> str:
    payout = check.payout
    return f"Payout {payout.id}, {text(payout.amount, payout.currency)}: {CHECKED[check.right]}"
