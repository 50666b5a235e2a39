"""Polling and long-polling: `GET /api/channels/{channel}/events?since=&limit=&wait=`.

    {"events": [{flat}, …], "position": "7k2m9qzt41.18", "more": false}
    {"events": [], "position": …, "more": false, "snapshot": [{flat}, …]}      where there was no `since`

The server keeps nothing for a poller: the `since` of the next request is the acknowledgement of this answer, so an
answer that is lost on its way is simply asked for again. `wait` is how many seconds to wait for news before an empty
answer. A gap is an entry of `events`. The `ETag` is the position, so an unchanged answer is a 304.

`serve_latest` is for the pollers of the seeds, who ask for one object that changes only when something changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from headway.access.identity import Identity
from headway.codes import Code
from headway.errors import PeerError
from headway.events import Event
from headway.positions import Position
from headway.protocols.stream import flat, gap_fields, since_of
from headway.sessions.sessions import Sessions, Start
from headway.transports.requests import Headers, Receive, Scope, Send, answer, header, query_of, unless_left

__all__ = ["serve", "serve_latest"]

_TAIL: Final = 100
"""Events that `serve_latest` looks back for one without a key. What has a key is in the snapshot, however old."""


async def serve(
    sessions: Sessions, identity: Identity, channel: str, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer one poll. Raises `HeadwayError` before anything was sent. Cancelling gives up waiting."""
    query = query_of(scope)
    limit = _number(query, "limit", sessions.limits.page_events, most=sessions.limits.page_events, least=1)
    wait = _number(query, "wait", 0.0, most=sessions.limits.wait_seconds)
    since = since_of(query)
    poll = _Poll(sessions, identity, channel, wait, _etag_of(header(scope, b"if-none-match")), receive, send)
    if since is None:
        await poll.answer_state()
    else:
        await poll.answer_page(since, int(limit))


async def serve_latest(
    sessions: Sessions,
    identity: Identity,
    channel: str,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    rank: Callable[[str], int] = lambda type: 1,
) -> None:
    """The newest event of a channel, or where there is none an object that says so. Raises `HeadwayError`.

    `rank` says of a type how much it is wanted: the newest of the highest rank is answered, and none of rank 0."""
    start = await sessions.start(identity, channel, None)
    newest = await _newest(sessions, identity, channel, start, rank)
    position = Position(start.position.epoch, 0) if newest is None else newest.position
    if _etag_of(header(scope, b"if-none-match")) == str(position):
        await answer(send, 304, b"", _etag(position))
        return
    waiting = {"channel": channel, "status": "waiting", "position": str(position)}
    body = msgspec.json.encode(waiting) if newest is None else flat(newest)
    await answer(send, 200, body, _etag(position))


async def _newest(
    sessions: Sessions, identity: Identity, channel: str, start: Start, rank: Callable[[str], int]
) -> Event | None:
    before = Position(start.position.epoch, max(0, start.position.offset - _TAIL))
    page = await sessions.page(identity, channel, before, _TAIL)
    found = [event for event in (*_events(start), *page.events) if rank(event.type)]
    return max(found, key=lambda event: (rank(event.type), event.offset), default=None)


@dataclass(frozen=True, slots=True)
class _Poll:
    """One request."""

    sessions: Sessions
    identity: Identity
    channel: str
    wait: float
    known: str | None
    """The position of the answer the client has already."""
    receive: Receive
    send: Send

    async def answer_state(self) -> None:
        """The snapshot; or nothing new, after the wait, for who has it already."""
        start = await self._start()
        if self.known == str(start.position) and await self._news(start.position):
            start = await self._start()
        state = b",".join(flat(event) for event in _events(start))
        await self._answer(start.position, [], more=False, rest=b',"snapshot":[%b]' % state)

    async def answer_page(self, since: Position, limit: int) -> None:
        """What comes after a position, waiting for it if there is nothing yet."""
        page = await self.sessions.page(self.identity, self.channel, since, limit)
        nothing = not page.events and page.gap is None
        if (nothing or self.known == str(page.reached)) and await self._news(page.reached):
            page = await self.sessions.page(self.identity, self.channel, since, limit)
        entries = [flat(event) for event in page.events]
        if page.gap is not None:
            entries.insert(0, msgspec.json.encode(gap_fields(page.gap, _events(await self._start()))))
        await self._answer(page.reached, entries, more=page.reached.offset < page.head)

    async def _start(self) -> Start:
        return await self.sessions.start(self.identity, self.channel, None)

    async def _news(self, position: Position) -> bool:
        """Wait for news as long as the client wants to, unless it leaves; whether there are any."""
        if not self.wait:
            return False
        return await unless_left(self.sessions.changed(self.identity, self.channel, position, self.wait), self.receive)

    async def _answer(self, position: Position, entries: Sequence[bytes], *, more: bool, rest: bytes = b"") -> None:
        spelled = str(position)
        if self.known == spelled:
            await answer(self.send, 304, b"", _etag(position))
            return
        body = b'{"events":[%b],"position":"%b","more":%b%b}' % (
            b",".join(entries),
            spelled.encode(),
            b"true" if more else b"false",
            rest,
        )
        self.sessions.figures.of("polling").answered(len(body), messages=len(entries))
        await answer(self.send, 200, body, _etag(position))


def _events(start: Start) -> tuple[Event, ...]:
    return start.snapshot.events if start.snapshot is not None else ()


def _number(query: Mapping[str, str], name: str, default: float, *, most: float, least: float = 0.0) -> float:
    """A number of the query, brought down to what the server allows. Raises `PeerError`."""
    text = query.get(name)
    if text is None or text == "":
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not value >= least or (name == "limit" and value != int(min(value, 1e9))):
        raise PeerError(f"{name} is a number from {least:g}", code=Code.BAD_MESSAGE, details={"field": name})
    return min(value, most)


def _etag(position: Position) -> Headers:
    return [(b"etag", b'"%b"' % str(position).encode()), (b"cache-control", b"no-cache")]


def _etag_of(value: str | None) -> str | None:
    """The position in an `If-None-Match`; proxies may have made it weak."""
    if value is None:
        return None
    return value.strip().removeprefix("W/").strip('"')
