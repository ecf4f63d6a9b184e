"""What keeps giving upright: a circuit before a Stripe that is away, limits and alarms against card testing."""
