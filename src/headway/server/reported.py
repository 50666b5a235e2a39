"""What is said of tasks over HTTP: bodies of requests, checked as they are read, and described by OpenAPI from here.

Sizes are those that reporters keep to. What else is wrong with a report (two names for one thing, a result that is no
JSON) the tasks themselves refuse.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from headway.errors import PeerError
from headway.tasks.interface import Child, Item, Line, Report
from headway.tasks.model import Action, Failure, Happening, Progress, Status

__all__ = ["Begun", "Numbers", "Reported", "Submission"]

_OUTCOMES: Final = 200
"""Different outcomes of one task. They are told with each of its events."""

Text = Annotated[str, msgspec.Meta(max_length=4_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
_MOST_NUMBER: Final = 1 << 53
"""What every reader of JSON takes for the whole number it is."""
Whole = Annotated[int, msgspec.Meta(ge=-_MOST_NUMBER, le=_MOST_NUMBER)]
Number = Whole | float
Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST_NUMBER)]


class Numbers(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`progress` of a report."""

    done: Number = 0
    total: Number | None = None
    initial: Number = 0
    unit: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    counts: Annotated[dict[Name, Count], msgspec.Meta(max_length=_OUTCOMES)] = {}
    current: Text | None = None
    rate: float | None = None
    eta: float | None = None
    elapsed: float = 0.0
    stalled: bool = False

    def progress(self) -> Progress:
        return Progress(**msgspec.structs.asdict(self))


class Begun(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`report` of `POST /api/tasks`."""

    name: Name
    progress: Numbers = Numbers()
    channel: str | None = None
    honours: frozenset[Action] = frozenset()
    silence: float = 15.0


class Submission(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`POST /api/tasks`: one of `report` and `job`."""

    report: Begun | None = None
    job: str | None = None
    arguments: dict[str, Any] = {}  # Any: what the job takes
    name: Name | None = None
    priority: Annotated[int, msgspec.Meta(ge=-1_000, le=1_000)] | None = None
    at: float | None = None


class ReportedFailure(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Why it failed."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    message: Text

    def failure(self) -> Failure:
        return Failure(self.code, self.message)


class ReportedItem(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One row, check or step."""

    item: Text
    outcome: Name
    message: Text | None = None
    code: Text | None = None
    more: dict[str, Any] = {}  # Any: JSON values

    def told(self) -> Item:
        return Item(self.item, self.outcome, self.message, self.code, self.more)


class ReportedLine(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One line of a log."""

    level: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    message: Text
    logger: Annotated[str, msgspec.Meta(max_length=200)] | None = None

    def told(self) -> Line:
        return Line(self.level, self.message, self.logger)


class ReportedChild(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A part of a task."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
    parent: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    name: Name
    status: Status
    progress: Numbers = Numbers()
    error: ReportedFailure | None = None

    def told(self) -> Child:
        error = None if self.error is None else self.error.failure()
        return Child(self.id, self.parent, self.name, self.status, self.progress.progress(), error)


class Reported(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`POST /api/tasks/{task}/report`."""

    owner: str
    number: Annotated[int, msgspec.Meta(ge=1, le=1 << 53)]
    progress: Numbers
    happened: Happening | None = None
    name: Name | None = None
    error: ReportedFailure | None = None
    result: Any = None  # any JSON value
    items: list[ReportedItem] = []
    lines: list[ReportedLine] = []
    children: list[ReportedChild] = []

    def report(self) -> Report:
        if self.happened not in (None, *_REPORTED):
            raise PeerError(f"nobody reports that a task is {self.happened}", details={"field": "happened"})
        return Report(
            self.number,
            self.progress.progress(),
            self.happened,
            self.name,
            None if self.error is None else self.error.failure(),
            self.result,
            [item.told() for item in self.items],
            [line.told() for line in self.lines],
            [child.told() for child in self.children],
        )


_REPORTED: Final = (
    Happening.STARTED,
    Happening.PAUSED,
    Happening.RESUMED,
    Happening.RETRYING,
    Happening.COMPLETED,
    Happening.FAILED,
    Happening.CANCELLED,
)
"""What an owner says. The rest is for the server to find out."""
