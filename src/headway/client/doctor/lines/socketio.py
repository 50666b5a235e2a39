"""Socket.IO v5 on Engine.IO v4: over a WebSocket, and over polling, as stock clients begin.

GET ?transport=polling                 0{"sid", …}
POST …&sid=   40{"token"?}             GET …&sid=   40{"sid"}
POST …&sid=   420["subscribe",{…}]     GET …&sid=   430[{"type":"subscribed", …}]
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Final

import httpx2
import msgspec

from headway.client.doctor.inbox import Inbox
from headway.client.doctor.lines.interface import (
    Told,
    Tools,
    answerer,
    answers_whole,
    read_answer,
    refusal,
    trouble_of,
)
from headway.client.doctor.lines.websocket import ERRORS, Socket
from headway.client.doctor.observed import Failed, Kind, Notes, Stage, Trouble
from headway.client.transports.http import new_http
from headway.client.transports.interface import Fields
from headway.protocols.engineio_packets import SEPARATOR

__all__ = ["SocketIOLine", "SocketIOPollingLine"]

_PATH: Final = "/socket.io/"
_QUERY: Final = {"EIO": "4", "recovery": "0"}
_NO_TRANSPORT: Final = {"EIO": "4", "transport": "none"}
"""Asks for what there is not: the answer is an error, and whole."""
_HEARTBEAT: Final = 50.0
"""Longer than the server lets a poll wait: its own ping comes after 25 s."""
_NONSENSE: Final = (msgspec.DecodeError, LookupError, TypeError, ValueError)

Say = Callable[[str], Awaitable[None]]


class _Dialogue:
    """The packets, whatever carries them."""

    def __init__(self, tools: Tools, inbox: Inbox, say: Say) -> None:
        self._tools = tools
        self._inbox = inbox
        self._say = say
        self._ids = count()

    async def received(self, text: str) -> None:
        """Take an Engine.IO packet."""
        match text[:1]:
            case "0":
                self._inbox.put({"type": "opened", **msgspec.json.decode(text[1:])})
            case "1":
                self._inbox.end(Trouble(Kind.CLOSED, Stage.OPEN, "the server hung up"))
            case "2":
                self._inbox.put({"type": "heartbeat"})
                await self._say("3")
            case "4":
                self._packet(text[1:2], text[2:])
            case _:
                pass

    async def join(self) -> None:
        """Until the server knows who we are."""
        token = self._tools.token
        await self._say("40" + _json({} if token is None else {"token": token}))
        await self._inbox.await_one(_is("joined"), self._tools.patience.answer, Stage.FOLLOW)

    async def ask(self, name: str, fields: Fields, stage: Stage) -> None:
        """Emit, until it is answered."""
        id = next(self._ids)
        await self._say(f"42{id}" + _json([name, fields]))
        wanted = f"answer {id}"
        answer = await self._inbox.await_one(_is(wanted), self._tools.patience.answer, stage)
        if answer.message["answer"].get("type") == "error":
            raise Failed(refusal(answer.message["answer"], stage))

    def _packet(self, kind: str, rest: str) -> None:
        body = rest.lstrip("0123456789")
        payload: Any = msgspec.json.decode(body) if body else None  # Any: JSON
        match kind:
            case "0":
                self._inbox.put({"type": "joined"})
            case "4":
                error = payload.get("data") or {"message": payload.get("message"), "code": "forbidden"}
                self._inbox.end(refusal(error, Stage.FOLLOW))
            case "3":
                self._inbox.put({"type": f"answer {rest[: len(rest) - len(body)]}", "answer": dict(payload[0])})
            case "2":
                self._inbox.put({**payload[1], "type": str(payload[0])})
            case _:
                pass


class SocketIOLine:
    """Over a WebSocket. See `Line`."""

    def __init__(self, tools: Tools) -> None:
        self.inbox = Inbox(tools.clock)
        self.notes = Notes()
        self._tools = tools
        self._socket: Socket | None = None
        self._reading: asyncio.Task[None] | None = None
        self._dialogue = _Dialogue(tools, self.inbox, self._say)

    async def open(self) -> None:
        address = self._tools.address
        url = address.ws(_PATH, {**_QUERY, "transport": "websocket"})
        socket = self._socket = await Socket.open(self._tools, url, address.http(_PATH, _NO_TRANSPORT), {})
        self.notes = socket.notes
        self._reading = asyncio.create_task(self._read(socket))
        await self.inbox.await_one(_is("opened"), self._tools.patience.answer, Stage.FOLLOW)

    async def follow(self) -> None:
        await self._dialogue.join()
        await self._dialogue.ask("subscribe", {"channel": self._tools.channel}, Stage.FOLLOW)

    async def ping(self) -> bool:
        await self._dialogue.ask("ping", {}, Stage.PING)
        return True

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._socket is not None:
            await self._socket.abort()

    async def _say(self, text: str) -> None:
        assert self._socket is not None  # it is open
        await self._socket.send(text)

    async def _read(self, socket: Socket) -> None:
        try:
            while True:
                await self._dialogue.received(await socket.receive())
        except (*ERRORS, *_NONSENSE) as error:
            self.inbox.end(trouble_of(error, Stage.OPEN))


class SocketIOPollingLine:
    """Over polling. See `Line`."""

    def __init__(self, tools: Tools) -> None:
        self.inbox = Inbox(tools.clock)
        self.notes = Notes()
        self._tools = tools
        self._http = new_http(tools.address)
        self._sid: str | None = None
        self._polling: asyncio.Task[None] | None = None
        self._dialogue = _Dialogue(tools, self.inbox, self._say)

    async def open(self) -> None:
        try:
            await self._poll(self._tools.patience.answer)
            opened = self.inbox.find(_is("opened"))
            self._sid = str(opened[0].message["sid"])
        except (httpx2.HTTPError, OSError, *_NONSENSE) as error:
            trouble = trouble_of(error, Stage.OPEN)
            if trouble.kind is Kind.SILENT and await answers_whole(self._tools, self._url(_NO_TRANSPORT)):
                trouble = Trouble(Kind.HELD, trouble.stage, trouble.reason)
            raise Failed(trouble) from error
        self._polling = asyncio.create_task(self._loop())

    async def follow(self) -> None:
        await self._dialogue.join()
        await self._dialogue.ask("subscribe", {"channel": self._tools.channel}, Stage.FOLLOW)

    async def ping(self) -> bool:
        await self._dialogue.ask("ping", {}, Stage.PING)
        return True

    async def close(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        await self._http.aclose()

    async def _loop(self) -> None:
        try:
            while True:
                await self._poll(_HEARTBEAT)
        except Failed as failed:
            self.inbox.end(failed.trouble)
        except (httpx2.HTTPError, OSError, *_NONSENSE) as error:
            self.inbox.end(trouble_of(error, Stage.OPEN))

    async def _poll(self, within: float) -> None:
        timeout = httpx2.Timeout(within, connect=self._tools.patience.answer)
        response = await self._http.get(self._url(self._query()), timeout=timeout)
        self._checked(response)
        self.notes = Notes(by=answerer(response.headers))
        for packet in response.content.split(SEPARATOR):
            await self._dialogue.received(packet.decode())

    async def _say(self, text: str) -> None:
        try:
            response = await self._http.post(
                self._url(self._query()), content=text.encode(), timeout=self._tools.patience.answer
            )
            self._checked(response)
        except Failed as failed:
            self.inbox.end(failed.trouble)
        except (httpx2.HTTPError, OSError) as error:
            self.inbox.end(trouble_of(error, Stage.FOLLOW))

    def _checked(self, response: httpx2.Response) -> None:
        if response.status_code != 200:
            raise Failed(read_answer(Told(response.status_code, response.headers, response.content), Stage.OPEN))

    def _query(self) -> dict[str, str]:
        return {**_QUERY, "transport": "polling"} | ({} if self._sid is None else {"sid": self._sid})

    def _url(self, query: dict[str, str]) -> str:
        return self._tools.address.http(_PATH, query)


def _is(type: str) -> Callable[[Fields], bool]:
    return lambda message: message["type"] == type


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
