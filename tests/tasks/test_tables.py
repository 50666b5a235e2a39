"""The statements of the store: which tasks are ready, who is dead, what is forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest

from headway.tasks.changes import begun
from headway.tasks.model import Progress, State, Status
from headway.tasks.records import Change, Filters, Record
from headway.tasks.tables import SCHEMA, Tables

NOW = 1_000.0


@pytest.fixture
def tables() -> Iterator[Tables]:
    """An empty database."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    yield Tables(connection)
    connection.close()


def put(
    tables: Tables,
    id: str,
    status: Status = Status.QUEUED,
    *,
    name: str = "Work",
    job: str | None = "copy",
    wanted: Status | None = None,
    by: str | None = None,
    ended_at: float | None = None,
    **more: object,
) -> Record:
    """Store a task in a state."""
    state = State(id, name, f"task:{id}", status, job=job, wanted=wanted, by=by, ended_at=ended_at)
    record: Record = replace(Record(state, pool=job), **more)  # type: ignore[arg-type]  # fields of a record
    tables.add(begun(record.with_state(status=Status.QUEUED), NOW))
    tables.put(Change(record))
    return record


def ids(records: list[Record]) -> list[str]:
    """Which they are."""
    return [record.state.id for record in records]


def test_a_task_is_as_it_was_put(tables: Tables) -> None:
    """Everything of it comes back, numbers and JSON values included; an unknown one is none."""
    record = put(
        tables,
        "a",
        Status.RUNNING,
        owner="me",
        lease_until=NOW,
        arguments={"rows": [1, 2.5, None, "ü", {"x": True}]},
        checkpoint={"next": 3},
        saved=Progress(3, 4, counts={"created": 3}),
        priority=-2,
        tries=1,
        crashes=2,
    )

    assert tables.get("a") == record
    assert tables.get("b") is None
    assert tables.known("key") is None


def test_a_known_key_adds_nothing(tables: Tables) -> None:
    """The first task is the answer to the second."""
    first = begun(Record(State("a", "Work", "c")), NOW)
    assert tables.add(first, "key") is not None

    assert tables.add(begun(Record(State("b", "Work", "c")), NOW), "key") is None
    assert tables.known("key") == first.record
    assert tables.get("b") is None


def test_ready_is_what_may_run_now(tables: Tables) -> None:
    """By priority, then by age; of the jobs that are known, of pools with room, whose time has come, and whom nobody
    has. A paused task is ready when somebody wants it to go on."""
    put(tables, "old")
    put(tables, "urgent", priority=5)
    put(tables, "new")
    put(tables, "later", not_before=NOW + 1)
    put(tables, "other", job="other")
    put(tables, "full", job="full")
    put(tables, "taken", Status.RUNNING, owner="me")
    put(tables, "held", Status.PAUSED)
    put(tables, "resumed", Status.PAUSED, wanted=Status.RUNNING)
    put(tables, "resuming", Status.PAUSED, wanted=Status.RUNNING, owner="me")
    put(tables, "left", Status.INTERRUPTED)
    put(tables, "reported", Status.INTERRUPTED, job=None, owner="me")
    put(tables, "ended", Status.COMPLETED)

    assert ids(tables.ready(["copy", "full"], ["full"], NOW, 10)) == ["urgent", "old", "new", "resumed", "left"]
    assert ids(tables.ready(["copy", "full"], [], NOW, 2)) == ["urgent", "old"]
    assert ids(tables.ready([], [], NOW, 10)) == []
    assert tables.next_due(["copy"], NOW) == NOW + 1
    assert tables.next_due(["other"], NOW) is None


def test_slots_are_taken_by_who_is_active(tables: Tables) -> None:
    """A paused task holds its slot as long as somebody holds it still."""
    put(tables, "a", Status.RUNNING, owner="x")
    put(tables, "b", Status.PAUSED, owner="x")
    put(tables, "c", Status.PAUSED)
    put(tables, "d", job="other", pool="browser", status=Status.RUNNING, owner="x")
    put(tables, "e")

    assert tables.taken() == {"copy": 2, "browser": 1}


def test_the_dead_are_those_whose_lease_is_over(tables: Tables) -> None:
    """Of tasks that somebody has and that are active; who was found dead is not found again."""
    put(tables, "late", Status.RUNNING, owner="x", lease_until=NOW - 1)
    put(tables, "paused", Status.PAUSED, owner="x", lease_until=NOW - 1)
    put(tables, "alive", Status.RUNNING, owner="x", lease_until=NOW)
    put(tables, "known", Status.INTERRUPTED, job=None, owner="x", lease_until=NOW - 1)
    put(tables, "free", Status.INTERRUPTED)

    assert sorted(ids(tables.expired(NOW))) == ["late", "paused"]
    assert sorted(ids(tables.owned())) == ["alive", "known", "late", "paused"]


def test_a_list_is_newest_first_and_can_be_narrowed(tables: Tables) -> None:
    """By state, job, part of the name in any case, and place; pages do not overlap."""
    put(tables, "a", name="Import Users")
    put(tables, "b", Status.RUNNING, name="import groups", job="other")
    put(tables, "c", Status.FAILED, name="100% _done_")
    for filters, expected in (
        (Filters(), "cba"),
        (Filters(frozenset({Status.RUNNING, Status.FAILED})), "cb"),
        (Filters(job="copy"), "ca"),
        (Filters(text="IMPORT"), "ba"),
        (Filters(text="%"), "c"),
        (Filters(text="_done"), "c"),
        (Filters(text="' OR 1 --"), ""),
        (Filters(limit=2), "cb"),
    ):
        assert "".join(record.state.id for _, record in tables.listed(filters)) == expected
    (place, record), *_ = tables.listed(Filters(limit=2))[1:]
    assert record.state.id == "b"
    assert ids([record for _, record in tables.listed(Filters(before=place))]) == ["a"]
    assert tables.counts() == {Status.QUEUED: 1, Status.RUNNING: 1, Status.FAILED: 1}


def test_what_ended_long_ago_is_forgotten(tables: Tables) -> None:
    """With its history. So is what was interrupted and whose reporter never came back; a job is not: it goes on."""
    put(tables, "old", Status.COMPLETED, ended_at=NOW - 2)
    put(tables, "new", Status.COMPLETED, ended_at=NOW)
    put(tables, "left", Status.INTERRUPTED, job=None, owner="x", lease_until=NOW - 2)
    put(tables, "cut", Status.INTERRUPTED, job=None, owner="x", lease_until=NOW)
    put(tables, "job", Status.INTERRUPTED)
    put(tables, "waits", Status.QUEUED)
    put(tables, "silent", Status.RUNNING, owner="x", lease_until=NOW - 2)

    assert tables.forget(NOW - 1, limit=1) == 1
    assert tables.forget(NOW - 1, limit=10) == 1
    assert {record.state.id for _, record in tables.listed(Filters())} == {"new", "cut", "job", "waits", "silent"}
    assert tables.history("old") == tables.history("left") == []
    assert tables.history("new") != []


def test_a_history_is_bounded(tables: Tables) -> None:
    """The newest entries, in order."""
    record = put(tables, "a")
    for number in range(5):
        change = begun(record, NOW + number)
        tables.put(change)

    assert [entry.time for entry in tables.history("a", limit=3)] == [NOW + 2, NOW + 3, NOW + 4]


def test_announcements_are_there_until_they_are_published(tables: Tables) -> None:
    """In order; what is published is removed and nothing else is."""
    put(tables, "a")
    put(tables, "b")
    first, second, third, fourth = tables.unannounced()
    assert [one.task for one in (first, second, third, fourth)] == ["a", "a", "b", "b"]
    assert tables.unannounced(limit=1) == [first]
    tables.announced([first.number, third.number])

    assert tables.unannounced() == [second, fourth]


def test_one_more_is_ahead_of_another(tables: Tables) -> None:
    """Those of the pool that wait and go first."""
    put(tables, "a")
    record = put(tables, "b")
    put(tables, "c")
    put(tables, "d", priority=1)
    put(tables, "e", Status.RUNNING, owner="x")

    assert tables.ahead(record) == 2


def test_a_schedule_is_unfinished_while_its_task_is(tables: Tables) -> None:
    """One that somebody submitted by hand is none of its."""
    put(tables, "a", by="ada")
    put(tables, "b", Status.FAILED, by="schedule")
    assert not tables.unfinished("copy", "schedule")
    put(tables, "c", Status.PAUSED, by="schedule")

    assert tables.unfinished("copy", "schedule")
    assert tables.due("copy") is None
    tables.set_due("copy", NOW)
    tables.set_due("copy", NOW + 1)
    assert tables.due("copy") == NOW + 1


def test_starts_are_kept_as_long_as_they_count(tables: Tables) -> None:
    """By pool, oldest first."""
    for time in (1.0, 2.0, 3.0):
        tables.started("copy", time)
    tables.started("other", 9.0)

    assert tables.starts("copy", 1.0) == [2.0, 3.0]
    assert tables.starts("copy", 0.0) == [2.0, 3.0]
