"""When a check is due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.checks.schedule import after, first


def test_checks_that_begin_together_do_not_ask_together() -> None:
    """A hundred checks are spread over the first seconds, and each keeps its place after a restart."""
    dues = sorted(first(f"application-{index}", 60, 1_000) for index in range(100))

    assert dues[0] >= 1_000
    assert dues[-1] <= 1_010
    for second in range(10):
        assert 1 <= sum(1_000 + second <= due < 1_001 + second for due in dues) <= 30
    assert first("application-1", 60, 5_000) - 5_000 == first("application-1", 60, 1_000) - 1_000


@given(st.floats(0, 1e9), st.floats(5, 86_400), st.floats(0, 1e6), st.floats(0, 1, exclude_max=True))
def test_the_next_one_lies_ahead_and_not_far(due: float, interval: float, late: float, random: float) -> None:
    """In step, a tenth earlier or later; what was missed is not made good, and none follows at once."""
    now = due + late
    following = after(due, interval, now, random)

    assert now + 0.09 * interval <= following <= now + 1.11 * interval


def test_the_next_one_is_in_step_with_the_last() -> None:
    """A check that was late does not push all later ones back; what was missed is left out."""
    assert [after(0, 60, now, 0.5) for now in (0, 25, 70, 600)] == [60, 60, 120, 660]


def test_jitter_does_not_add_up_to_a_drift() -> None:
    """With an even chance the mean stays at the interval."""
    due, steps = 0.0, 1_000
    for step in range(steps):
        due = after(due, 60, due, (step % 11) / 10)

    assert abs(due / steps - 60) < 0.1
