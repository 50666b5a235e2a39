"""What Headway can run, and what it is called with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from headway.errors import UsageError
from headway.tasks.jobs import Backoff, Job, Jobs, Rate
from headway.tasks.schedule import Every
from headway.tasks.work import Work


@dataclass
class Row:
    """A value of its own."""

    id: int
    tags: list[str]


async def copy_rows(work: Work, source: str, limit: int = 10, since: datetime | None = None) -> None:
    """A job."""


async def anything(work: Work, value: Any = None) -> None:  # Any: what JSON has
    """A job that takes anything."""


async def rows(work: Work, rows: list[Row]) -> None:
    """A job that takes values."""


def one(function: Callable[..., Any], **options: Any) -> Job:
    """The job that a function becomes. Any: options of a job."""
    jobs = Jobs()
    jobs.job(**options)(function)
    (job,) = jobs
    return job


def test_a_function_stays_what_it_is_and_gets_a_name() -> None:
    """The name of the function with dashes, unless one is given; its pool is its own."""
    jobs = Jobs()

    assert jobs.job()(copy_rows) is copy_rows
    job = jobs.find("copy-rows")
    assert (job.name, job.title, job.pool, job.asynchronous) == ("copy-rows", "copy-rows", "copy-rows", True)
    other = one(lambda work: None, name="other", title="Other", pool="shared")
    assert (other.title, other.pool, other.asynchronous) == ("Other", "shared", False)
    assert ("copy-rows" in jobs, "nothing" in jobs, len(jobs)) == (True, False, 1)


def test_arguments_are_checked_and_filled_in() -> None:
    """They are stored as JSON values, and come back as the function wants them."""
    job = one(copy_rows)
    stored = job.check({"source": "a", "since": "2026-01-02T03:04:05Z"})

    assert stored == {"source": "a", "limit": 10, "since": "2026-01-02T03:04:05Z"}
    assert job.bound(stored)["since"] == datetime.fromisoformat("2026-01-02T03:04:05+00:00")
    job = one(rows)
    assert job.bound(job.check({"rows": [{"id": 1, "tags": ["x"]}]})) == {"rows": [Row(1, ["x"])]}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, "source"),
        ({"source": 1}, "source"),
        ({"source": "a", "limit": "x"}, "limit"),
        ({"source": "a", "limit": 1.5}, "limit"),
        ({"source": "a", "more": 1}, "more"),
        ({"source": "a", "work": 1}, "work"),
        ({"source": "a", "since": "yesterday"}, "since"),
        ({"source": "a", "limit": 10**30}, "64 bits"),
    ],
)
def test_wrong_arguments_are_refused_by_name(given: dict[str, object], wrong: str) -> None:
    """When the task is submitted, and not when it runs."""
    with pytest.raises(UsageError, match=wrong) as refused:
        one(copy_rows).check(given)
    assert refused.value.details == {"field": "arguments"}


@pytest.mark.parametrize("value", [object(), {1, object()}, 10**30, "x" * 2_000_000, [[10**30]]])
def test_arguments_are_json(value: object) -> None:
    """Also where the function takes anything: they have to be stored, and told to whoever asks."""
    with pytest.raises(UsageError, match="anything"):
        one(anything).check({"value": value})


def test_a_schema_says_what_it_takes() -> None:
    """For a form in a browser."""
    schema = one(copy_rows).schema()

    assert schema["required"] == ["source"]
    assert schema["properties"]["limit"] == {"type": "integer", "default": 10}
    assert schema["additionalProperties"] is False
    assert "Row" in one(rows).schema()["$defs"]


async def no_work() -> None:
    """Takes nothing."""


async def any_number(work: Work, *values: int) -> None:
    """Takes what has no name."""


async def any_name(work: Work, **values: int) -> None:
    """Takes any name."""


async def without_name(work: Work, value: int, /) -> None:
    """Takes what cannot be named."""


async def unknown(work: Work, value: "NotThere") -> None:  # type: ignore[name-defined]  # noqa: F821, UP037  # the test
    """Takes what is not there."""


async def not_json(work: Work, value: complex) -> None:
    """Takes what JSON does not have."""


def generator(work: Work) -> Any:  # Any: whatever it is
    """Yields."""
    yield 1


async def async_generator(work: Work) -> Any:  # Any: whatever it is
    """Yields."""
    yield 1


@pytest.mark.parametrize(
    "function", [no_work, any_number, any_name, without_name, unknown, not_json, generator, async_generator]
)
def test_what_cannot_be_run_is_refused_when_it_is_declared(function: Callable[..., Any]) -> None:
    """The sentence names the job."""
    with pytest.raises(UsageError, match=function.__name__.replace("_", "-")):
        Jobs().job()(function)


def test_names_are_single_and_visible() -> None:
    """Two jobs of one name cannot be told apart, whoever brings them."""
    jobs, others = Jobs(), Jobs()
    jobs.job("one")(anything)
    others.job("two")(anything)
    jobs.include(others)
    assert [job.name for job in jobs] == ["one", "two"]
    for name in ("one", "with space", "x" * 101, "new\nline"):
        with pytest.raises(UsageError):
            jobs.job(name)(anything)
    with pytest.raises(UsageError, match="two jobs"):
        jobs.include(others)
    with pytest.raises(UsageError, match="there is no job 'three'; there is: one, two"):
        jobs.find("three")


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"retries": -1}, {"crashes": -1}, {"schedule": Every(60)}])
def test_a_job_that_could_never_run_is_refused(options: dict[str, Any]) -> None:
    """No slots, negative numbers, a schedule for what needs arguments."""
    with pytest.raises(UsageError):
        one(copy_rows, **options)


def test_rates_and_backoffs_are_possible() -> None:
    """A backoff grows up to its bound, however often."""
    impossible: list[Callable[[], object]] = [
        *(lambda: Rate(0), lambda: Rate(1, 0), lambda: Rate(1, float("nan"))),
        *(lambda: Backoff(-1), lambda: Backoff(1, 0.5), lambda: Backoff(1, 1e6), lambda: Backoff(1, 2, -1)),
    ]
    for make in impossible:
        with pytest.raises(UsageError):
            make()

    backoff = Backoff(1, 2, 300)
    assert [backoff.before(attempt) for attempt in (1, 2, 3, 9, 10, 10**6)] == [1, 2, 4, 256, 300, 300]
    assert Backoff(1, 100).before(10**9) == 300
