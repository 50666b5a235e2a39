"""A reader of Server-Sent Events."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import quote, urlencode

import msgspec

from headway.testing.readers.face import Beginning, Ended, Face, Fields, refusal
from headway.testing.readers.http import Wire
from headway.testing.serving import Address

__all__ = ["EventSourceReader"]


class EventSourceReader(Face):
    """Server-Sent Events, as a browser's EventSource reads them: of one channel, or of the channel and `others` on one
    stream."""

    def __init__(
        self,
        address: Address,
        *,
        others: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        super().__init__()
        self._address = address
        self._others = tuple(others)
        self._headers = dict(headers or {})
        self._query = dict(query or {})
        self._receive_buffer = receive_buffer
        self._wire: Wire | None = None
        self._body: AsyncIterator[bytes] | None = None
        self._buffer = b""
        self._waiting: deque[Fields] = deque()
        self._id = ""
        self.retry: int | None = None
        """Milliseconds after which the server wants this reader back."""
        self.retries = 0
        """How often it said so."""
        self.heartbeats = 0
        self.beginnings: dict[str, Beginning] = {}
        """What was said about each channel of the stream."""
        self.answer_headers: dict[str, str] = {}

    @property
    def token(self) -> str:
        """The last event id."""
        return self._id

    async def subscribe(self, channel: str, since: str | None = None) -> Beginning:
        """Open the stream. Raises `Refused`, `Ended`."""
        channels = [channel, *self._others]
        query = list(self._query.items())
        query += [("channel", name) for name in channels] if self._others else []
        headers = dict(self._headers)
        if since is not None:
            # As a reconnecting EventSource does it; an empty id it could not send.
            if since:
                headers["Last-Event-ID"] = since
            else:
                query.append(("since", ""))
        path = "/api/stream" if self._others else f"/api/channels/{quote(channel, safe='')}/stream"
        await self.open(path + (f"?{urlencode(query)}" if query else ""), headers)
        for _ in channels:
            await self._frame_of_beginning()
        return self.beginnings[channel]

    async def open(self, path: str, headers: Mapping[str, str] | None = None) -> None:
        """Open the stream at a path and read the answer's head. Raises `Refused`, `Ended`."""
        self._wire = await Wire.open(self._address, self._receive_buffer)
        await self._wire.ask("GET", self._address.root + path, {"Accept": "text/event-stream", **(headers or {})})
        status, self.answer_headers = await self._wire.head()
        if status != 200:
            body = b"".join([piece async for piece in self._wire.body(self.answer_headers)])
            raise refusal(status, body)
        self._body = self._wire.body(self.answer_headers)

    async def _frame_of_beginning(self) -> None:
        fields = await self.frame()
        if fields["type"] != "subscribed":
            raise RuntimeError(f"a stream begins with 'subscribed', not {fields['type']!r}")
        beginning = Beginning(fields["position"], fields["recovered"], fields.get("snapshot"))
        self.beginnings[fields["channel"]] = beginning
        self._positions[fields["channel"]] = beginning.position

    async def frame(self) -> Fields:
        """The data of the next unnamed frame. Raises `Ended`."""
        while True:
            while b"\n\n" not in self._buffer:
                self._buffer += await self._more()
            text, _, self._buffer = self._buffer.partition(b"\n\n")
            data = self._read(text)
            if data is not None:
                fields: Fields = msgspec.json.decode(data)
                return fields

    async def _more(self) -> bytes:
        assert self._body is not None  # set by `open`
        try:
            return await anext(self._body)
        except (StopAsyncIteration, OSError, asyncio.IncompleteReadError) as end:
            raise Ended(None, self.retry) from end

    def _read(self, frame: bytes) -> bytes | None:
        data, name = None, b""
        for line in frame.split(b"\n"):
            key, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            match key:
                case b"id":
                    self._id = value.decode()
                case b"retry":
                    self.retry = int(value)
                    self.retries += 1
                case b"event":
                    name = value
                case b"data":
                    data = value
        if name == b"heartbeat":
            self.heartbeats += 1
            return None
        return data

    async def next(self) -> Fields:
        """The next event or gap of the stream, of whichever channel."""
        return self._told(await self.frame())

    def stall(self) -> None:
        """Read nothing from the socket from now on."""
        self._open.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self._open.transport.resume_reading()

    async def cut(self) -> None:
        """Be gone without a word."""
        await self._open.abort()

    async def close(self) -> None:
        """A stream has no goodbye: closing the connection is all there is."""
        if self._wire is not None:
            await self._wire.abort()

    @property
    def _open(self) -> Wire:
        if self._wire is None:
            raise RuntimeError("subscribe first")
        return self._wire
