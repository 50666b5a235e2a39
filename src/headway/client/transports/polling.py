"""Long-polling: `GET …/events?since=&wait=`, over and over. The position in each question acknowledges the answer
before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import httpx2
import msgspec

from headway.client.address import Address
from headway.client.endings import Ended, answered, failed
from headway.client.transports.interface import CONNECT_SECONDS, Fields, bearer

__all__ = ["Polling"]

_WAIT: Final = 25.0
"""Seconds the server may wait for news: below the 30 at which some proxies cut."""
_PAUSE: Final = 1.0
"""Least seconds between two answers without news: a server that drains, or cannot wait, answers at once."""


class Polling:
    """Goes through everything that lets a web page through."""

    name = "polling"

    def __init__(self, address: Address, token: str | None) -> None:
        self._address = address
        self._headers = bearer(token)

    async def messages(self, channel: str, since: str | None) -> AsyncGenerator[Fields, None]:
        """See `Transport`. There is no `subscribed` on this wire; the first answer is told as one."""
        now = asyncio.get_running_loop().time
        try:
            timeout = httpx2.Timeout(_WAIT + CONNECT_SECONDS, connect=CONNECT_SECONDS)
            async with httpx2.AsyncClient(timeout=timeout, headers=self._headers) as http:
                page = await self._ask(http, channel, since, wait=0.0)
                yield _subscribed(channel, since, page)
                while True:
                    for fields in page["events"]:
                        yield fields
                    asked = now()
                    page = await self._ask(http, channel, page["position"], wait=_WAIT)
                    if not page["events"]:
                        await asyncio.sleep(max(0.0, asked + _PAUSE - now()))
        except (httpx2.HTTPError, OSError) as error:
            raise failed(error) from error
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise Ended("the server answered something that is no page of events") from error

    async def _ask(self, http: httpx2.AsyncClient, channel: str, since: str | None, *, wait: float) -> Fields:
        query = {} if since is None else {"since": since}
        if wait:
            query["wait"] = f"{wait:g}"
        response = await http.get(self._address.channel(channel, "events", query))
        if response.status_code != 200:
            raise answered(response.status_code, response.content, response.headers.get("Retry-After"))
        page: Fields = msgspec.json.decode(response.content)
        return page


def _subscribed(channel: str, since: str | None, page: Fields) -> Fields:
    head: Fields = {"type": "subscribed", "channel": channel}
    if since is None:
        return {**head, "position": page["position"], "recovered": False, "snapshot": page.get("snapshot", [])}
    lost = bool(page["events"]) and page["events"][0]["type"] == "gap"
    return {**head, "position": since, "recovered": not lost}
