"""What Headway can run: functions with a name, the arguments they take, and how they are to be run.

    jobs = Jobs()

    @jobs.job("nightly-etl", retries=3, schedule=Cron("30 2 * * *"))
    async def etl(work: Work, source: str, limit: int = 1000) -> dict:
        ...

The first parameter is the `Work`; the others are arguments: JSON values, checked against their annotations when a task
is submitted, so that a wrong one is refused then and there. Not here: running.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

from headway.errors import InvalidEvent, UsageError
from headway.events import Draft
from headway.tasks.schedule import Schedule

__all__ = ["Backoff", "Job", "Jobs", "Rate"]

_NAME: Final = 100
_ARGUMENTS: Final = "JobArguments"
_CONCURRENCY: Final = 4
"""Tasks of one job at once. As many as a small machine's database or browser stands."""
_CRASHES: Final = 5
"""Owners that may die without a checkpoint in between. What kills its process each time is not tried for ever."""

Function = Callable[..., Awaitable[Any]] | Callable[..., Any]
"""What a job calls. Any: its own arguments and result."""
AnyFunction = TypeVar("AnyFunction", bound=Function)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many starts in so many seconds."""

    starts: int
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.starts < 1 or not self.seconds > 0:
            raise UsageError("a rate is at least one start in more than no time")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before another attempt: longer each time, up to a bound."""

    first: float = 1.0
    factor: float = 2.0
    most: float = 300.0

    def __post_init__(self) -> None:
        if not (self.first >= 0 and 1 <= self.factor <= 100 and self.most >= 0):
            raise UsageError("a backoff waits no negative time, and 1 to 100 times longer each time")

    def before(self, attempt: int) -> float:
        """Seconds before the attempt after so many that failed."""
        return min(self.most, self.first * self.factor ** min(attempt - 1, 64))


@dataclass(frozen=True, slots=True)
class Job:
    """One function that Headway runs."""

    name: str
    function: Function
    title: str
    """What its tasks are called, unless whoever submits says otherwise."""
    concurrency: int = _CONCURRENCY
    """How many of its pool run at once, over all processes."""
    pool: str = ""
    """Whose slots its tasks take; jobs that share a pool share its slots, and should state the same number."""
    rate: Rate | None = None
    priority: int = 0
    """Higher goes first."""
    retries: int = 0
    """Attempts after one that failed."""
    backoff: Backoff = field(default_factory=Backoff)
    timeout: float | None = None
    """Seconds of running, pauses left out, after which an attempt has failed."""
    grace: float = 10.0
    """Seconds for a coroutine to reach a point after a cancel; then it is cancelled where it stands."""
    crashes: int = _CRASHES
    schedule: Schedule | None = None
    arguments: Any = None  # the struct that msgspec made of the signature

    @property
    def asynchronous(self) -> bool:
        """Whether it runs on the loop; else it gets a thread."""
        return inspect.iscoroutinefunction(self.function)

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON values
        """The arguments as JSON values, defaults filled in. Raises `UsageError` naming the one that is wrong."""
        try:
            checked = dict(msgspec.to_builtins(self._converted(given)))
            Draft.of("arguments", {"arguments": checked})  # JSON, and no more of it than an event may have
        except (TypeError, ValueError, OverflowError, RecursionError, InvalidEvent) as error:
            raise self._refusal(error) from error
        return checked

    def bound(self, stored: Mapping[str, Any]) -> dict[str, Any]:  # Any: what the function takes
        """The arguments as the function wants them."""
        return msgspec.structs.asdict(self._converted(stored))

    def schema(self) -> dict[str, Any]:  # Any: JSON schema
        """What it takes, as JSON schema."""
        _, components = msgspec.json.schema_components([self.arguments])
        described = components.pop(_ARGUMENTS)
        return {**described, "$defs": components} if components else described

    def _converted(self, given: Mapping[str, Any]) -> Any:  # Any: the struct
        try:
            return msgspec.convert(given, self.arguments)
        except msgspec.ValidationError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> UsageError:
        return UsageError(f"the job {self.name!r} cannot be called like this: {error}", details={"field": "arguments"})


class Jobs:
    """The jobs that can be submitted, by name."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def job(
        self,
        name: str | None = None,
        *,
        title: str | None = None,
        concurrency: int = _CONCURRENCY,
        pool: str | None = None,
        rate: Rate | None = None,
        priority: int = 0,
        retries: int = 0,
        backoff: Backoff | None = None,
        timeout: float | None = None,
        grace: float = 10.0,
        crashes: int = _CRASHES,
        schedule: Schedule | None = None,
    ) -> Callable[[AnyFunction], AnyFunction]:
        """Have Headway run a function. The function stays what it is. Raises `UsageError`."""

        def register(function: AnyFunction) -> AnyFunction:
            own = name or function.__name__.replace("_", "-")
            self.add(
                Job(
                    own,
                    function,
                    title or own,
                    concurrency,
                    pool or own,
                    rate,
                    priority,
                    retries,
                    backoff or Backoff(),
                    timeout,
                    grace,
                    crashes,
                    schedule,
                    _arguments(own, function),
                )
            )
            return function

        return register

    def add(self, job: Job) -> None:
        """Take a job. Raises `UsageError` for one that cannot be, or a name that is taken."""
        if job.name in self._jobs:
            raise UsageError(f"there are two jobs called {job.name!r}")
        if not 1 <= len(job.name) <= _NAME or not job.name.isprintable() or " " in job.name:
            raise UsageError(f"a job's name is 1 to {_NAME} visible characters; {job.name!r} is not")
        if job.concurrency < 1 or job.retries < 0 or job.crashes < 0:
            raise UsageError(f"the job {job.name!r} needs room for one at least, and no negative numbers")
        if job.schedule is not None:
            job.check({})  # it is called without arguments
        self._jobs[job.name] = job

    def find(self, name: str) -> Job:
        """A job by its name. Raises `UsageError`."""
        found = self._jobs.get(name)
        if found is None:
            known = ", ".join(self._jobs) or "none"
            raise UsageError(f"there is no job {name!r}; there is: {known}", details={"field": "job"})
        return found

    def include(self, others: Jobs) -> None:
        """Take all jobs of somebody else. Raises `UsageError` for a name that is taken."""
        for job in others:
            self.add(job)

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, name: object) -> bool:
        return name in self._jobs


def _arguments(name: str, function: Function) -> Any:  # Any: a struct type made here
    """A type of what the function takes beside the work."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters:
        raise UsageError(f"the job {name!r} takes nothing; its first parameter is the work")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError(f"the job {name!r} yields; a job returns")
    try:
        hints = get_type_hints(function)
    except NameError as error:
        raise UsageError(f"the arguments of the job {name!r} cannot be understood: {error}") from error
    fields: list[Any] = []  # Any: what defstruct takes
    for parameter in parameters[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise UsageError(f"the job {name!r} has a parameter {parameter} that no name can be given for")
        kind = hints.get(parameter.name, Any)
        if parameter.default is parameter.empty:
            fields.append((parameter.name, kind))
        else:
            fields.append((parameter.name, kind, parameter.default))
    try:
        made = msgspec.defstruct(_ARGUMENTS, fields, frozen=True, kw_only=True, forbid_unknown_fields=True)
        msgspec.json.schema(made)  # what JSON has no form for fails here, and not when it is called
        return made
    except (TypeError, ValueError) as error:
        raise UsageError(f"the job {name!r} cannot be called with JSON: {error}") from error
