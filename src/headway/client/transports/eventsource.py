"""Server-Sent Events: one HTTP answer without an end for all channels; its data lines are the native protocol's
messages.

    retry: 2000                          the first says nothing; a later one: the stream is about to end, come back then
    data: {"type":"subscribed",…}        one for each channel
    data: {"type":"progress",…}
    event: heartbeat                     every 15 s

A stream of several channels begins at one token of positions, each recognised by its epoch. A channel without a
position gets one from a poll first. Following one more opens another stream beside this one, which goes on until the
new one speaks.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import httpx2
import msgspec

from headway.client.endings import Ended, answered, failed, refused
from headway.client.runtime import Timer
from headway.client.transports.http import Asker, new_http
from headway.client.transports.interface import CONNECT_SECONDS, Fields, Follows, Link, Publication, bearer
from headway.codes import Advice
from headway.errors import PeerError

__all__ = ["EventStream"]


class EventStream:
    """Goes wherever HTTP goes, unless a proxy keeps answers until they are whole."""

    name = "eventsource"

    def open(self, link: Link) -> _Connection:
        """See `Transport`."""
        return _Connection(link)


class _Stream:
    """One answer without an end."""

    def __init__(self, follows: Follows) -> None:
        self.names = tuple(follows)
        self.channels = set(follows)
        """What is taken from it. A channel that is followed anew is taken from the next stream alone."""
        self.unanswered = set(follows)
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        """Read it no more."""
        self.channels.clear()
        if self.task is not None:
            self.task.cancel()


class _Connection:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._http = new_http(link.address)
        self._asker = Asker(link.address)
        self._streams: list[_Stream] = []
        self._ended: set[asyncio.Task[None]] = set()
        self._due = Timer(link.runtime)
        self._failure: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._over = False
        self._reopen()
        self._task = link.runtime.spawn(self._run())

    # See `Connection`.

    def follow(self, channel: str, since: str | None) -> None:
        self._reopen(channel)

    def unfollow(self, channel: str) -> None:
        self._reopen(channel)

    def publish(self, publication: Publication) -> None:
        return None

    def ping(self) -> bool:
        return False

    def renew(self, token: str) -> None:
        self._reopen()

    def close(self) -> None:
        if not self._over:
            self._over = True
            self._due.stop()
            self._task.cancel()

    # Its own.

    async def _run(self) -> None:
        try:
            ended = await self._failure
        finally:
            self._due.stop()
            tasks = {stream.task for stream in self._streams if stream.task is not None} | self._ended
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._http.aclose()
            await self._asker.close()
        if not self._over:
            self._over = True
            self._link.ended(ended)

    def _reopen(self, channel: str | None = None) -> None:
        """Open another stream: soon, once for all that is asked in one go."""
        for stream in self._streams:
            stream.channels.discard(channel or "")
        if not self._over:
            self._due.start(0.0, self._begin)

    def _begin(self) -> None:
        stream = _Stream(self._link.follows())
        self._streams.append(stream)
        stream.task = asyncio.create_task(self._follow(stream))

    async def _follow(self, stream: _Stream) -> None:
        try:
            ended = await self._open(stream)
        except Ended as end:
            ended = end
        except (httpx2.HTTPError, OSError) as error:
            ended = failed(error)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError, PeerError) as error:
            ended = Ended(f"the server said something that makes no sense: {error}")
        if ended is not None and stream in self._streams:
            self._failed(ended, stream)

    async def _open(self, stream: _Stream) -> Ended | None:
        if not stream.names:
            await self._asker.get("/api/health", self._link.token())
            self._speaks(stream)
            return None
        place = await self._place(stream)
        async with self._http.stream(
            "GET",
            self._url(stream, place),
            headers={
                "Accept": "text/event-stream",
                "Cache-Control": "no-cache",
                **bearer(self._link.token()),
            },
            # The link watches for silence.
            timeout=httpx2.Timeout(CONNECT_SECONDS, read=None),
        ) as response:
            if response.status_code != 200:
                return answered(response.status_code, await response.aread(), response.headers.get("Retry-After"))
            return await self._read(response, stream)

    async def _read(self, response: httpx2.Response, stream: _Stream) -> Ended:
        """Read until the end. Returns what the end means."""
        retry: float | None = None
        try:
            # A snapshot has no bound of its own.
            async for frame in httpx2.EventSource(response, max_event_size=None):
                self._link.heard()
                if frame.retry is not None and not stream.unanswered:
                    # Before any channel has been named it is the usual delay, no farewell.
                    retry = frame.retry / 1000
                if frame.event != "message" or not frame.data:
                    continue
                message: Fields = msgspec.json.decode(frame.data)
                channel = message.get("channel")
                if channel is None:
                    # A word about the stream itself: that it must end.
                    return refused(message, retry=retry)
                await self._told(stream, channel, message)
        except (httpx2.HTTPError, OSError) as error:
            ended = failed(error)
            return Ended(ended.reason, retry=retry, announced=retry is not None)
        return Ended("the stream ended", retry=retry, announced=retry is not None)

    async def _told(self, stream: _Stream, channel: str, message: Fields) -> None:
        if channel in stream.channels:
            self._link.told(channel, message)
        if message["type"] == "subscribed" and channel in stream.unanswered:
            stream.unanswered.discard(channel)
            if not stream.unanswered:
                self._speaks(stream)
        if channel in stream.channels:
            await self._link.room(channel)

    def _speaks(self, stream: _Stream) -> None:
        """It has told where each channel begins: those before it are not needed any more."""
        if self._over or stream not in self._streams:
            return
        at = self._streams.index(stream)
        before, self._streams = self._streams[:at], self._streams[at:]
        for older in before:
            self._forget(older)
        self._link.answered()

    def _forget(self, stream: _Stream) -> None:
        stream.end()
        if stream.task is not None:
            self._ended.add(stream.task)
            stream.task.add_done_callback(self._ended.discard)

    async def _place(self, stream: _Stream) -> str | None:
        """One token for all positions; channels that have none yet are given one first."""
        follows = self._link.follows()
        if len(stream.names) == 1:
            return follows.get(stream.names[0])
        for channel in stream.names:
            since = follows.get(channel)
            if channel in stream.channels and not since:
                page = await self._asker.page(channel, self._link.token(), since)
                self._link.heard()
                self._state(channel, since, page)
        follows = self._link.follows()
        return ",".join(since for name in stream.names if (since := follows.get(name)))

    def _state(self, channel: str, since: str | None, page: Fields) -> None:
        head: Fields = {"type": "subscribed", "channel": channel, "position": page["position"]}
        if since is None:
            self._link.told(channel, {**head, "recovered": False, "snapshot": page.get("snapshot", [])})
        for event in page["events"]:
            self._link.told(channel, event)
        if since is not None and not page["events"]:
            self._link.told(channel, {**head, "recovered": True})

    def _url(self, stream: _Stream, place: str | None) -> str:
        query = [*self._link.address.name.items(), *([] if place is None else [("since", place)])]
        if len(stream.names) == 1:
            return self._link.address.channel(stream.names[0], "stream", dict(query))
        several = [("channel", channel) for channel in stream.names]
        return f"{self._link.address.http('/api/stream')}?{urlencode([*several, *query])}"

    def _failed(self, ended: Ended, stream: _Stream) -> None:
        channel = ended.details.get("channel")
        if not isinstance(channel, str) and len(stream.unanswered) == 1:
            channel = next(iter(stream.unanswered))
        if ended.announced and ended.advice is Advice.STOP and channel in self._link.follows():
            # The others can go on without it.
            self._streams.remove(stream)
            self._forget(stream)
            self._link.refused(str(channel), ended)
            self._reopen()
        elif not self._failure.done():
            self._failure.set_result(ended)
