"""The debug tools: what passed and who is connected, bounded, and without anything that was said."""

from __future__ import annotations

import json

import pytest

from headway.errors import UsageError
from headway.positions import BEGINNING, Position
from headway.server import debug
from headway.server.debug import Ring
from headway.testing.clock import FakeClock
from headway.testing.waiting import wait_until
from tests.server.watched import place

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


def test_the_last_messages_are_kept_and_no_more() -> None:
    """The newest first; how many passed is still known."""
    ring = Ring(FakeClock().now, kept=3)
    for number in range(10):
        ring.heard("websocket", "s" * 24, "subscribe", f"run:{number}", number)

    shown = debug.messages(ring, {})
    assert [message["channel"] for message in shown["messages"]] == ["run:9", "run:8", "run:7"]
    assert (shown["kept"], shown["passed"]) == (3, 10)
    assert shown["messages"][0] == {
        "time": "2023-11-14T22:13:20.000Z",
        "direction": "in",
        "transport": "websocket",
        "session": "ssssss",
        "type": "subscribe",
        "channel": "run:9",
        "size": 9,
    }


async def test_what_readers_are_told_passes_too() -> None:
    """One line for all readers of a channel that were told alike: how many, and how much each."""
    async with place() as at:
        for _ in range(3):
            await at.come("ada", "run")
        await wait_until(lambda: at.hub.known_head("run") is not None)
        await at.publish("run", 1, 2)
        await wait_until(lambda: at.hub.statistics()["deliveries"] == 6)

        (message,) = at.watch.messages({})["messages"]
        assert {name: message[name] for name in ("direction", "type", "channel", "events", "readers", "session")} == {
            "direction": "out",
            "type": "step",
            "channel": "run",
            "events": 2,
            "readers": 3,
            "session": None,
        }


def test_messages_are_filtered() -> None:
    """By channel, by type, and to as many as were asked for."""
    ring = Ring(FakeClock().now)
    for number in range(200):
        ring.heard("websocket", "s", "ping" if number % 2 else "ack", f"run:{number % 4}", number)

    assert len(debug.messages(ring, {})["messages"]) == 100
    assert len(debug.messages(ring, {"limit": "7"})["messages"]) == 7
    assert {message["size"] % 4 for message in debug.messages(ring, {"channel": "run:3"})["messages"]} == {3}
    assert debug.messages(ring, {"channel": "run:3", "type": "ack"})["messages"] == []
    assert len(debug.messages(ring, {"limit": "999999999"})["messages"]) == 200


@pytest.mark.parametrize("limit", ["0", "-1", "1e3", "x", "²", "9" * 5_000])
def test_a_limit_is_a_number(limit: str) -> None:
    """Anything else is the caller's mistake."""
    with pytest.raises(UsageError, match="limit is a number"):
        debug.messages(Ring(FakeClock().now), {"limit": limit})


@pytest.mark.parametrize(
    "word", [TOKEN, {"password": "hunter2"}, ["hunter2"], "hunter2 " * 1_000, 7, "\ud800", "<script>", "a\nb", ""]
)
def test_nothing_that_was_said_is_kept(word: object) -> None:
    """A word that is no type is a question mark, and so is what is no channel: no payload is kept by mistake."""
    ring = Ring(FakeClock().now)
    ring.heard("websocket", "session-id-that-is-secret", word, word, 3)

    kept = repr(ring.newest_first()) + json.dumps(debug.messages(ring, {}))
    assert debug.messages(ring, {})["messages"][0]["type"] == "?"
    for secret in ("hunter2", TOKEN, TOKEN.split(".")[1], "session-id-that", "\ud800"):
        assert secret not in kept


async def test_connections_say_how_far_they_are() -> None:
    """Transport, user, address, since when, what waits, and in each channel the offset and how far it is behind."""
    async with place() as at:
        await at.publish("run", 1, 2, 3)
        fast, slow = await at.come("ada", "run", BEGINNING), await at.come("bob", "run")
        await wait_until(lambda: at.hub.statistics()["deliveries"] == 3)
        slow.people[0].outlet.stall()
        slow.waiting = 512
        await at.publish("run", 4, 5)
        await wait_until(lambda: fast.people[0].cursors["run"].offset == 5)
        at.clock.advance(9.0)
        shown = at.watch.connections({})

        first, second = shown["connections"]
        assert shown["total"] == 2
        assert first == {
            "id": 1,
            "transport": "websocket",
            "sessions": ["s3cret"],
            "user": "ada",
            "address": "10.0.0.7",
            "since": "2023-11-14T22:13:20.000Z",
            "seconds": 9.0,
            "writable": True,
            "buffered_bytes": 0,
            "messages": 0,
            "bytes_in": 0,
            "events": 5,
            "answers": 0,
            "bytes_out": 0,
            "channels": {"run": {"offset": 5, "behind": 0, "lagging": False}},
        }
        assert (second["writable"], second["buffered_bytes"], second["channels"]["run"]["behind"]) == (False, 512, 2)
        assert "s3cret-session-id" not in json.dumps(shown)


async def test_the_last_ends_are_told_with_their_reason() -> None:
    """The newest first, with when and why: the meaning of the code, an administrator, or nothing that was said."""
    async with place() as at:
        said, dismissed, silent = [await at.come(user) for user in ("ada", "bob", None)]
        said.life.closing(4008)
        at.watch.lives.dismiss(dismissed)
        dismissed.life.closing(1001)
        for line in (said, dismissed, silent):
            at.clock.advance(2.0)
            at.leave(line)
        shown = at.watch.connections({})

        assert [(one["id"], one["user"], one["code"], one["reason"], one["seconds"]) for one in shown["ended"]] == [
            (3, None, None, "It left without a word.", 6.0),
            (2, "bob", 1001, "An administrator ended it.", 4.0),
            (1, "ada", 4008, "No sign of life within the heartbeat.", 2.0),
        ]
        assert shown["ended"][0]["ended"] == "2023-11-14T22:13:26.000Z"
        assert (shown["connections"], shown["total"]) == ([], 0)


async def test_so_many_ends_are_remembered() -> None:
    """The oldest are forgotten: a flood of visitors takes no memory."""
    async with place() as at:
        for number in range(150):
            at.leave(await at.come(f"user{number}"))
        ended = at.watch.connections({})["ended"]

        assert (len(ended), ended[0]["user"], ended[-1]["user"]) == (100, "user149", "user50")


async def test_connections_are_filtered_and_bounded() -> None:
    """By channel, and to as many as were asked for; the total is that of all."""
    async with place() as at:
        for number in range(150):
            await at.come(f"user{number}", f"run:{number % 2}")

        assert len(at.watch.connections({})["connections"]) == 100
        shown = at.watch.connections({"channel": "run:1", "limit": "3"})
        assert [one["user"] for one in shown["connections"]] == ["user1", "user3", "user5"]
        assert shown["total"] == 150


async def test_a_user_with_half_a_character_can_be_shown() -> None:
    """JSON of a token may hold one; the answer must be JSON all the same."""
    async with place() as at:
        await at.come("a\ud800")

        assert json.dumps(at.watch.connections({}), ensure_ascii=False).encode()


async def test_a_position_of_another_life_is_not_behind_by_a_number() -> None:
    """Offsets of two lives of a log cannot be compared."""
    async with place() as at:
        line = await at.come("ada", "run")
        await wait_until(lambda: at.hub.known_head("run") is not None)
        line.people[0].cursors["run"].epoch = "another"
        (one,) = at.watch.connections({})["connections"]

        assert one["channels"]["run"]["behind"] is None
        assert at.hub.known_head("run") == Position((await at.log.head("run")).epoch, 0)
