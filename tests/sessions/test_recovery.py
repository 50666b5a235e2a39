"""What a client followed, for the day it comes back."""

from __future__ import annotations

import pytest

from headway.errors import InvalidChannel, StorageError
from headway.events import channel_name
from headway.hub.hub import Hub
from headway.positions import Position
from headway.sessions.recovery import SESSIONS, Recovery
from tests.hub.harness import TINY, RestlessLog

A, B = Position("aaa", 3), Position("bbb", 0)


async def stands(recovery: Recovery, pid: str, token: str) -> dict[str, Position] | None:
    """Where the client stands in each channel it followed."""
    found = await recovery.find(pid, token)
    return None if found is None else {channel: position for channel, (position, _) in found.items()}


async def test_a_client_is_found_where_it_began(hub: Hub) -> None:
    """Who was told nothing since stands where it began, in each channel it followed."""
    recovery = Recovery(hub)
    await recovery.remember("pid", {"run": (A,), "größe,.": (B,)})

    assert await stands(recovery, "pid", "") == {"run": A, "größe,.": B}


async def test_a_token_moves_a_client_on(hub: Hub) -> None:
    """Where the token names a channel's epoch the client stands there; in the others where it began."""
    recovery = Recovery(hub)
    await recovery.remember("pid", {"run": (A,), "other": (B,)})

    assert await stands(recovery, "pid", "bbb.9") == {"run": A, "other": Position("bbb", 9)}
    assert await stands(recovery, "pid", "bbb.9,aaa.4,zzz.1") == {
        "run": Position("aaa", 4),
        "other": Position("bbb", 9),
    }


async def test_a_token_of_the_latest_life_goes_before_an_earlier_one(hub: Hub) -> None:
    """Of a client that saw two lives of a log both beginnings stay, and its token says in which of them it stands."""
    recovery = Recovery(hub)
    later = Position("ccc", 2)
    await recovery.remember("pid", {"run": (A, later)})

    assert await stands(recovery, "pid", "") == {"run": A}
    assert await stands(recovery, "pid", "aaa.7") == {"run": Position("aaa", 7)}
    assert await stands(recovery, "pid", "aaa.7,ccc.9") == {"run": Position("ccc", 9)}


async def test_a_life_the_note_does_not_know_is_matched_by_order(hub: Hub) -> None:
    """Where the note of the last life was torn off with the log's end, a token's positions stand in channel order."""
    recovery = Recovery(hub)
    await recovery.remember("pid", {"run": (A,), "other": (B,)})

    expected = {"run": Position("xxx", 8), "other": Position("yyy", 1)}
    assert await stands(recovery, "pid", "xxx.8,yyy.1") == expected


@pytest.mark.parametrize("token", ["nonsense", "aaa.4,", "aaa.x", "\ud800", "aaa.4," * 5_000])
async def test_a_token_that_makes_no_sense_moves_nothing(hub: Hub, token: str) -> None:
    """Repeating is better than losing."""
    recovery = Recovery(hub)
    await recovery.remember("pid", {"run": (A,)})

    assert await stands(recovery, "pid", token) == {"run": A}


async def test_what_was_noted_last_counts(hub: Hub) -> None:
    """A note replaces the one before; a client that left everything follows nothing, and is still known."""
    recovery = Recovery(hub)
    await recovery.remember("pid", {"run": (A,)})
    await recovery.remember("other", {"run": (B,)})
    await recovery.remember("pid", {})

    assert await stands(recovery, "pid", "aaa.4") == {}
    assert await stands(recovery, "other", "") == {"run": B}
    assert await stands(recovery, "unknown", "aaa.4") is None


async def test_a_note_outlives_the_process(log: RestlessLog) -> None:
    """Another hub over the same log finds it, also when many notes have been taken since."""
    first, second = Hub(log, TINY), Hub(log, TINY)
    await Recovery(first).remember("pid", {"run": (A,)})
    for number in range(50):
        await Recovery(first).remember(f"pid{number}", {"run": (B,)})
    await log.trim(SESSIONS, 40)

    assert await stands(Recovery(second), "pid", "") == {"run": A}
    await first.close()
    await second.close()


async def test_storage_that_fails_is_told(hub: Hub, log: RestlessLog) -> None:
    """What cannot be noted is not silently forgotten."""
    log.ill = True

    with pytest.raises(StorageError):
        await Recovery(hub).remember("pid", {"run": (A,)})
    with pytest.raises(StorageError):
        await Recovery(hub).find("pid", "")


def test_no_client_can_name_the_channel_of_notes() -> None:
    """The notes stand in a channel whose name is no channel name."""
    with pytest.raises(InvalidChannel):
        channel_name(SESSIONS)
