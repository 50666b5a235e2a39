"""One transport after the other, each for itself: opened, asked, told events; and all of them held open at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Final, assert_never

from headway.client.doctor.lines.eventsource import EventSourceLine
from headway.client.doctor.lines.interface import Line, Tools
from headway.client.doctor.lines.polling import PollingLine
from headway.client.doctor.lines.socketio import SocketIOLine, SocketIOPollingLine
from headway.client.doctor.lines.websocket import WebSocketLine
from headway.client.doctor.observed import Check, Failed, Hold, Kind, Stage, Trial, Trouble
from headway.client.doctor.publisher import Publisher, is_mark
from headway.errors import UsageError

__all__ = ["examine_hold", "examine_transport"]

_EVENTS: Final = 3
"""Events that are published one by one. One may be told by luck, two at the end of a timer."""
_TOGETHER: Final = 0.3
"""Of the pause between two events: who is told both within that was told them in one piece."""
_HEARTBEAT: Final = 26.0
"""A sign of life comes every 15 s on a stream and every 25 s elsewhere; a poll waits as long."""


async def examine_transport(check: Check, tools: Tools, publisher: Publisher | None) -> Trial:
    """Try a transport. Without a publisher its first answer, the state, has to do."""
    line, clock, trial = _line(check, tools), tools.clock, Trial(check)
    began = clock.monotonic()
    try:
        await line.open()
        trial = replace(trial, connect=clock.monotonic() - began)
        began = clock.monotonic()
        await line.follow()
        if check is not Check.POLLING:  # which waits here on purpose
            trial = replace(trial, follow=clock.monotonic() - began)
        began = clock.monotonic()
        if await line.ping():
            trial = replace(trial, ping=clock.monotonic() - began)
        if publisher is not None:
            trial = await _told(trial, line, publisher, tools)
    except Failed as failed:
        trial = replace(trial, trouble=failed.trouble)
    finally:
        await line.close()
    return replace(trial, notes=line.notes)


async def examine_hold(check: Check, tools: Tools, publisher: Publisher | None, seconds: float) -> Hold:
    """Hold a transport open and quiet, and see that it is still of use at the end."""
    line, clock, proven = _line(check, tools), tools.clock, True
    began = clock.monotonic()
    try:
        await line.open()
        await line.follow()
        began = clock.monotonic()
        await line.inbox.quiet(seconds)
        proven = await _alive(line, publisher, tools, seconds)
    except Failed as failed:
        held = clock.monotonic() - began
        return Hold(seconds, held, replace(failed.trouble, stage=Stage.HOLD, after=held))
    finally:
        await line.close()
    return Hold(seconds, seconds, proven=proven)


async def _told(trial: Trial, line: Line, publisher: Publisher, tools: Tools) -> Trial:
    """Publish events one by one, and see when they come. Raises `Failed` where the connection breaks."""
    patience, sent = tools.patience, []
    for _ in range(_EVENTS):
        try:
            sent.append(await publisher.publish())
        except Failed:
            break  # the publisher's trouble is not this transport's
        await asyncio.sleep(patience.spacing)
    arrivals: list[float | None] = []
    for mark, _ in sent:
        try:
            within = patience.event if all(at is not None for at in arrivals) else patience.spacing
            arrival = await line.inbox.await_one(_marked(mark), within, Stage.EVENT)
            arrivals.append(arrival.at)
        except Failed as failed:
            if failed.trouble.kind is not Kind.SILENT:
                raise
            arrivals.append(None)
    came = [at for at in arrivals if at is not None]
    return replace(
        trial,
        lags=tuple(at - began for at, (_, began) in zip(arrivals, sent, strict=True) if at is not None),
        together=sum(after - before < patience.spacing * _TOGETHER for before, after in pairwise(came)),
        missing=arrivals.count(None),
    )


async def _alive(line: Line, publisher: Publisher | None, tools: Tools, seconds: float) -> bool:
    """Whether it still is. Raises `Failed` where it is not; False: there was no way to see."""
    if publisher is not None:
        try:
            mark, _ = await publisher.publish()
        except Failed:
            pass
        else:
            await line.inbox.await_one(_marked(mark), tools.patience.answer, Stage.HOLD)
            return True
    if await line.ping():
        return True
    heartbeats = line.inbox.find(lambda message: message["type"] == "heartbeat")
    if heartbeats and heartbeats[-1].at >= tools.clock.monotonic() - _HEARTBEAT:
        return True
    if seconds >= _HEARTBEAT:
        raise Failed(Trouble(Kind.SILENT, Stage.HOLD, "no sign of life came"))
    return False


def _marked(mark: int) -> Callable[[dict[str, object]], bool]:
    return lambda message: is_mark(message, mark)


def _line(check: Check, tools: Tools) -> Line:
    match check:
        case Check.WEBSOCKET:
            return WebSocketLine(tools)
        case Check.SOCKETIO:
            return SocketIOLine(tools)
        case Check.SOCKETIO_POLLING:
            return SocketIOPollingLine(tools)
        case Check.EVENTSOURCE:
            return EventSourceLine(tools)
        case Check.POLLING:
            return PollingLine(tools)
        case Check.FALLBACK | Check.SIZES:
            raise UsageError(f"{check.value} is no transport")
        case _:
            assert_never(check)
