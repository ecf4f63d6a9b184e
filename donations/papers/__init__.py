"""Documents for a donor: the receipt of a payment, the sums of a year, and the notice of a regular gift."""
