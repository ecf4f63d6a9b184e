"""The next goal that a thermometer shows where the organiser has set none."""

LADDER = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000)


def next_goal(reached: int, goal: int | None = None) -> int:
    """The organiser's goal, or the first step of the ladder above what is reached; beyond it, the next whole million."""
    if goal:
        return goal
    return next((step for step in LADDER if step > reached), (reached // 1_000_000 + 1) * 1_000_000)
