"""Server-Sent Events: one answer without an end."""

from __future__ import annotations

import asyncio

import httpx2
import msgspec

from headway.client.doctor.inbox import Inbox
from headway.client.doctor.lines.interface import Told, Tools, answerer, answers_whole, read_answer, refusal, trouble_of
from headway.client.doctor.observed import Failed, Kind, Notes, Stage, Trouble
from headway.client.transports.http import new_http
from headway.client.transports.interface import bearer

__all__ = ["EventSourceLine"]


class EventSourceLine:
    """See `Line`."""

    def __init__(self, tools: Tools) -> None:
        self.inbox = Inbox(tools.clock)
        self.notes = Notes()
        self._tools = tools
        self._http = new_http(tools.address)
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._reading = asyncio.create_task(self._read())
        await self._first("opened", Stage.OPEN)

    async def follow(self) -> None:
        await self._first("subscribed", Stage.FOLLOW)

    async def ping(self) -> bool:
        return False

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._http.aclose()

    async def _first(self, type: str, stage: Stage) -> None:
        patience = self._tools.patience.answer
        try:
            await self.inbox.await_one(lambda message: message["type"] == type, patience, stage)
        except Failed as failed:
            trouble = failed.trouble
            # The same address with a position that is none: a short answer, and whole.
            refused = self._tools.address.channel(self._tools.channel, "stream", {"since": " "})
            if trouble.kind is Kind.SILENT and await answers_whole(self._tools, refused):
                raise Failed(Trouble(Kind.HELD, stage, trouble.reason, by=self.notes.by)) from None
            raise

    async def _read(self) -> None:
        url = self._tools.address.channel(self._tools.channel, "stream")
        # What a browser sends: a box that compresses streams does it for those that take it.
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache", **bearer(self._tools.token)}
        timeout = httpx2.Timeout(None, connect=self._tools.patience.answer)
        try:
            async with self._http.stream("GET", url, headers=headers, timeout=timeout) as response:
                await self._take(response)
                self.inbox.end(Trouble(Kind.CUT, Stage.OPEN, "the stream ended"))
        except Failed as failed:
            self.inbox.end(failed.trouble)
        except (httpx2.HTTPError, OSError, msgspec.DecodeError, LookupError, TypeError, ValueError) as error:
            self.inbox.end(trouble_of(error, Stage.OPEN))

    async def _take(self, response: httpx2.Response) -> None:
        if response.status_code != 200 or "event-stream" not in response.headers.get("content-type", ""):
            body = await response.aread()
            raise Failed(read_answer(Told(response.status_code, response.headers, body), Stage.OPEN))
        self.notes = Notes(
            by=answerer(response.headers),
            encoding=response.headers.get("content-encoding"),
            accelerated="x-accel-buffering" in response.headers,
        )
        self.inbox.put({"type": "opened"})
        rest = b""
        async for piece in response.aiter_bytes():
            *frames, rest = (rest + piece).split(b"\n\n")
            for frame in frames:
                self._frame(frame)

    def _frame(self, frame: bytes) -> None:
        lines = frame.split(b"\n")
        if b"event: heartbeat" in lines:
            self.inbox.put({"type": "heartbeat"})
            return
        for line in lines:
            if line.startswith(b"data: "):
                message = msgspec.json.decode(line.removeprefix(b"data: "))
                if message["type"] == "error" and "channel" not in message:
                    raise Failed(refusal(message, Stage.FOLLOW))
                self.inbox.put({**message, "type": str(message["type"])})
