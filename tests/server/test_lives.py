"""The end of a connection: counted once, and told in one line that holds its whole life and no secret."""

from __future__ import annotations

import logging

import pytest

from headway.positions import BEGINNING
from headway.testing.waiting import wait_until
from tests.server.watched import place


async def test_one_line_tells_the_whole_life(caplog: pytest.LogCaptureFixture) -> None:
    """Transport, user, address, seconds, close code, channels, and what went both ways; as fields, not as prose."""
    caplog.set_level(logging.INFO, "headway.connections")
    async with place() as at:
        await at.publish("run", 1, 2, 3)
        line = await at.come("ada", "run", BEGINNING)
        await wait_until(lambda: at.hub.statistics()["deliveries"] == 3)
        line.life.received(10)
        line.life.answered(20)
        line.life.closing(4001)
        at.clock.advance(61.25)
        at.leave(line)
        at.leave(line)

    (record,) = [record for record in caplog.records if record.name == "headway.connections"]
    assert record.getMessage() == "connection ended"
    usual = {*vars(logging.makeLogRecord({})), "message"}
    told = {name: value for name, value in vars(record).items() if name not in usual}
    assert told == {
        "transport": "websocket",
        "user": "ada",
        "address": "10.0.0.7",
        "seconds": 61.25,
        "code": 4001,
        "channels": 1,
        "events": 3,
        "messages": 1,
        "bytes_in": 10,
        "answers": 1,
        "bytes_out": 20,
    }


async def test_who_said_nothing_has_a_line_too(caplog: pytest.LogCaptureFixture) -> None:
    """No user, no channel, no close code: the line is there, and the end is counted."""
    caplog.set_level(logging.INFO, "headway.connections")
    async with place() as at:
        line = await at.come()
        line.people.clear()
        at.leave(line)

        assert at.watch.figures.of("websocket").closes["none"] == 1
    assert [(record.user, record.channels, record.code) for record in caplog.records] == [(None, 0, None)]  # type: ignore[attr-defined]  # given as `extra`


async def test_events_are_those_it_was_told_since_it_came(caplog: pytest.LogCaptureFixture) -> None:
    """What was in its channel before is no event of its own."""
    caplog.set_level(logging.INFO, "headway.connections")
    async with place() as at:
        await at.publish("run", 1, 2, 3)
        line = await at.come("ada", "run")
        await at.publish("run", 4)
        await wait_until(lambda: at.hub.statistics()["deliveries"] == 1)
        at.leave(line)

    assert [record.events for record in caplog.records] == [1]  # type: ignore[attr-defined]  # given as `extra`
