"""What happened in a run, in lines: made of its results, so that it holds nothing they do not. Pure."""

from __future__ import annotations

from typing import Any

from headway.apps.monitor.runs.shown import Run, Tested

__all__ = ["lines"]

Json = dict[str, Any]
"""Any: JSON values."""


def lines(run: Run) -> list[Json]:
    """Every attempt and every step that went wrong, by the time at which its test began."""
    tested = sorted((test for test in run.results or () if test.began is not None), key=lambda test: test.began or 0.0)
    return [line for test in tested for line in _of(test)]


def _of(test: Tested) -> list[Json]:
    common = {
        "time": test.began,
        "applicationId": test.application_id,
        "applicationName": test.application_name,
        "testType": str(test.test_type),
    }
    found = [
        {**common, "level": "warning", "message": f"Attempt {number}: {one['message'] or one['status']}"}
        for number, one in enumerate(test.attempts, 1)
        if one["status"] != "passed" and number < len(test.attempts)
    ]
    found += [
        {**common, "level": "warning", "message": f"Step {step['number']}, {step['description']}: {step['message']}"}
        for step in test.detail.get("steps", ())
        if step["status"] != "passed"
    ]
    bad = test.status in ("failed", "timeout")
    duration = "" if test.duration is None else f" after {test.duration} ms"
    said = f": {test.message}" if test.message else ""
    return [*found, {**common, "level": "error" if bad else "info", "message": f"{test.status}{duration}{said}"}]
