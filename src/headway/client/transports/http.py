"""Requests to the HTTP interface. Whatever is not the answer hoped for becomes an `Ended`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import httpx2
import msgspec

from headway.client.address import Address
from headway.client.endings import Ended, answered, failed
from headway.client.transports.interface import CONNECT_SECONDS, Fields, Publication, bearer, event_fields
from headway.codes import Advice

__all__ = ["ANSWER_SECONDS", "Asker", "new_http"]

ANSWER_SECONDS: Final = 15.0
"""For one answer that is not waited for on purpose; a commit takes milliseconds, on a disk under load a few seconds."""


def new_http(address: Address) -> httpx2.AsyncClient:
    """What speaks HTTP to a server, over connections of its own. Close it."""
    return httpx2.AsyncClient(verify=_trust() if address.secure else False)


@cache
def _trust() -> ssl.SSLContext:
    """Whom this machine trusts, as for WebSockets. Reading that takes a tenth of a second: once is enough."""
    return ssl.create_default_context()


class Asker:
    """Asks one server, over connections that are kept. Close it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._http: httpx2.AsyncClient | None = None

    async def get(
        self, path: str, token: str | None, query: Mapping[str, str] | None = None, *, wait: float = 0.0
    ) -> Fields:
        """Ask for an object; the server may wait so long on purpose. Raises `Ended`."""
        url = self._address.http(path, None if query is None else dict(query))
        return await self._ask("GET", url, token, ANSWER_SECONDS + wait)

    async def page(self, channel: str, token: str | None, since: str | None, *, wait: float = 0.0) -> Fields:
        """Poll a channel. Raises `Ended`."""
        query = {} if since is None else {"since": since}
        if wait:
            query["wait"] = f"{wait:g}"
        url = self._address.channel(channel, "events", query)
        page = await self._ask("GET", url, token, ANSWER_SECONDS + wait)
        if not (isinstance(page.get("events"), list) and isinstance(page.get("position"), str)):
            raise Ended("the server answered something that is no page of events")
        return page

    async def publish(self, publication: Publication, token: str | None) -> str:
        """Publish, and return the position. Raises `Ended`."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": publication.key}
        url = self._address.channel(publication.channel, "events")
        body = msgspec.json.encode(event_fields(publication))
        fields = await self._ask("POST", url, token, ANSWER_SECONDS, content=body, headers=headers)
        position = fields.get("position")
        if not isinstance(position, str):
            raise Ended("the server took the event, but answered something that no Headway does", Advice.STOP)
        return position

    async def close(self) -> None:
        """Close what is kept."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _ask(
        self,
        method: str,
        url: str,
        token: str | None,
        seconds: float,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fields:
        if self._http is None:
            self._http = new_http(self._address)
        try:
            response = await self._http.request(
                method,
                url,
                content=content,
                headers={**(headers or {}), **bearer(token)},
                timeout=httpx2.Timeout(seconds, connect=CONNECT_SECONDS),
            )
        except (httpx2.HTTPError, OSError) as error:
            raise failed(error) from error
        if response.status_code not in (200, 201):
            raise answered(response.status_code, response.content, response.headers.get("Retry-After"))
        try:
            fields: Any = msgspec.json.decode(response.content)  # Any: JSON
        except msgspec.DecodeError as error:
            raise Ended("something answered that is no Headway") from error
        if not isinstance(fields, dict):
            raise Ended("something answered that is no Headway")
        return fields
