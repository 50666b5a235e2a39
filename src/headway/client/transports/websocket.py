"""The native protocol on a WebSocket: `subscribe {channel, since?}`, then everything that is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from headway.client.address import Address
from headway.client.endings import Ended, answered, closed, failed, refused
from headway.client.transports.interface import CONNECT_SECONDS, Fields, bearer

__all__ = ["WebSocket"]


class WebSocket:
    """The transport with the least overhead in both directions."""

    name = "websocket"

    def __init__(self, address: Address, token: str | None) -> None:
        self._url = address.ws("/ws")
        self._headers = bearer(token)

    async def messages(self, channel: str, since: str | None) -> AsyncGenerator[Fields, None]:
        """See `Transport`."""
        retry: float | None = None
        try:
            # Its own ping every 20 s notices a server that is gone without a word. A snapshot has no bound of its
            # own, so neither has a message; the queue bounds what is read ahead.
            async with connect(
                self._url,
                additional_headers=self._headers,
                open_timeout=CONNECT_SECONDS,
                close_timeout=1.0,
                max_size=None,
            ) as connection:
                place = {} if since is None else {"since": since}
                await connection.send(
                    msgspec.json.encode({"type": "subscribe", "channel": channel, **place}).decode(), text=True
                )
                while True:
                    fields = _decoded(await connection.recv(decode=False))
                    match fields.get("type"):
                        case "error" | "auth_failed":
                            raise refused(fields)
                        case "reconnect":
                            retry = float(fields["retry"]) / 1000
                        case _:
                            yield fields
        except ConnectionClosed as end:
            code = end.rcvd.code if end.rcvd is not None else None
            raise closed(code, end.rcvd.reason if end.rcvd is not None else "", retry) from end
        except InvalidStatus as refusal:
            response = refusal.response
            raise answered(response.status_code, response.body or b"", response.headers.get("Retry-After")) from refusal
        except (OSError, TimeoutError, InvalidHandshake) as error:
            raise failed(error) from error


def _decoded(data: bytes) -> Fields:
    try:
        fields = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise Ended(f"the server said something that is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise Ended("the server said something that is no object")
    return fields
