"""Server-Sent Events: one HTTP answer without an end; its data lines are the native protocol's messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

import httpx2
import msgspec

from headway.client.address import Address
from headway.client.endings import Ended, answered, failed
from headway.client.transports.interface import CONNECT_SECONDS, Fields, bearer

__all__ = ["EventStream"]

_SILENCE: Final = 45.0
"""Seconds without a byte after which nobody is there: three heartbeats of the server."""


class EventStream:
    """Goes wherever HTTP goes, unless a proxy keeps answers until they are whole."""

    name = "eventsource"

    def __init__(self, address: Address, token: str | None) -> None:
        self._address = address
        self._headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache", **bearer(token)}

    async def messages(self, channel: str, since: str | None) -> AsyncGenerator[Fields, None]:
        """See `Transport`. The position goes into the query, because a header cannot say the beginning."""
        url = self._address.channel(channel, "stream", None if since is None else {"since": since})
        begun, retry = False, None
        try:
            async with (
                httpx2.AsyncClient(timeout=httpx2.Timeout(_SILENCE, connect=CONNECT_SECONDS)) as http,
                http.stream("GET", url, headers=self._headers) as response,
            ):
                if response.status_code != 200:
                    body = await response.aread()
                    raise answered(response.status_code, body, response.headers.get("Retry-After"))
                # A snapshot has no bound of its own.
                async for frame in httpx2.EventSource(response, max_event_size=None):
                    if begun and frame.retry is not None:
                        # The first one is for browsers, which have no back-off; a later one is a farewell.
                        retry = frame.retry / 1000
                    if frame.event == "message" and frame.data:
                        begun = True
                        yield msgspec.json.decode(frame.data)
        except (httpx2.HTTPError, OSError) as error:
            end = failed(error)
            end.retry = retry
            raise end from error
        except msgspec.DecodeError as error:
            raise Ended(f"the server said something that is not JSON: {error}") from error
        raise Ended("the stream ended", retry=retry)
