"""The goal that a thermometer shows."""

import pytest

from core.goals import next_goal


@pytest.mark.parametrize(
    ("reached", "goal"),
    [
        (0, 100),
        (99, 100),
        (100, 250),
        (250, 500),
        (999_999, 1_000_000),
        (1_000_000, 2_000_000),
        (2_500_000, 3_000_000),
        (3_000_000, 4_000_000),
    ],
)
def test_the_next_goal_lies_ahead(reached: int, goal: int) -> None:
    assert next_goal(reached) == goal


def test_an_organisers_goal_stands_also_when_it_is_passed() -> None:
    assert next_goal(700, 500) == 500
