"""What only the memory log does. The promises are in `test_contract`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.limits import Retention
from headway.log.memory import MemoryLog
from tests.log.harness import Epochs, ManualClock, MemorySubject, SqliteSubject, draft, drafts, everything, numbers


async def test_two_memory_logs_are_two_lives() -> None:
    """A position of one says nothing to the other."""
    epochs = Epochs()
    one, other = (MemoryLog(ManualClock(), new_epoch=epochs) for _ in range(2))

    assert (await one.head("run")).epoch != (await other.head("run")).epoch


async def test_its_default_retention_is_that_of_the_limits() -> None:
    """A hundred thousand events and a sixteenth."""
    log = MemoryLog(ManualClock(), new_epoch=Epochs())
    for _ in range(11):
        await log.append("run", drafts(*range(10_000)))

    held = await everything(log, "run")
    assert (len(held), held[-1].offset, numbers(held[:1])) == (100_000, 110_000, [0])


async def test_statistics_count_what_is_held() -> None:
    """Channels, events, bytes, keys."""
    log = MemoryLog(ManualClock(), new_epoch=Epochs())
    await log.append("run", drafts(1, 2), idempotency_key="k")
    await log.trim("run", 1)

    told = log.statistics()
    assert (told["channels"], told["events"], told["bytes"], told["idempotency_keys"]) == (1, 1, len(b'{"n":1}'), 1)


steps = st.lists(
    st.lists(st.sampled_from([None, "a", "b"]), min_size=1, max_size=6) | st.integers(1, 200), min_size=1, max_size=25
)
retentions = st.builds(
    Retention,
    events=st.integers(0, 40),
    seconds=st.sampled_from([50.0, 300.0, 1e9]),
    bytes=st.integers(0, 400),
)


@settings(max_examples=25, deadline=None)
@given(steps=steps, retention=retentions)
async def test_it_forgets_what_the_sqlite_log_forgets(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[str | None] | int], retention: Retention
) -> None:
    """Under any retention, after any appends and passing of time. Compaction is left to each."""
    memory, sqlite = MemorySubject(), SqliteSubject(tmp_path_factory.mktemp("log"), synced=False)
    for subject in (memory, sqlite):
        await subject.start_with(retention)
        for number, step in enumerate(steps):
            if isinstance(step, int):
                subject.clock.advance(step)
            else:
                await subject.log.append("run", [draft(number, key) for key in step])

    assert await everything(memory.log, "run") == await everything(sqlite.log, "run")
    assert await memory.log.snapshot("run") == await sqlite.log.snapshot("run")
    await sqlite.stop()
