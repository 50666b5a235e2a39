"""How far work is."""

from typing import Any

import pytest

from headway.cli.progress import Progress, progress_of


@pytest.mark.parametrize(
    ("data", "progress"),
    [
        ({"current": 3, "total": 10}, Progress(3, 10)),
        ({"processed": 3, "total": 10, "message": "row 3"}, Progress(3, 10, "row 3")),
        ({"percent": 40, "file": "a.csv"}, Progress(40, 100, "a.csv")),
        ({"progress_percentage": 62.5}, Progress(62.5, 100)),
        ({"progress": 7, "eta": "2 min", "current_file": "b.csv"}, Progress(7, 100, "b.csv")),
        ({"progress": {"current": 2, "total": 4}}, Progress(2, 4)),
        ({"progress": {"percent": 5}, "step": "pay"}, Progress(5, 100, "pay")),
        ({"current": 12, "total": 10}, Progress(10, 10)),
        ({"percent": -1}, Progress(0, 100)),
    ],
)
def test_progress_is_read_as_people_write_it(data: dict[str, Any], progress: Progress) -> None:
    """Counts, percentages and the spellings of the clients in the world; never beyond the end."""
    assert progress_of(data) == progress


@pytest.mark.parametrize(
    "data",
    [{}, {"total": 10}, {"current": 1, "total": 0}, {"percent": "40"}, {"percent": True}, {"progress": "half"}],
)
def test_what_says_nothing_of_it_is_no_progress(data: dict[str, Any]) -> None:
    """Data that does not say how far the work is, is shown as it is."""
    assert progress_of(data) is None
