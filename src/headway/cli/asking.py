"""Questions to the HTTP interface of a server, for commands that ask once and end."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx2
import msgspec

from headway.client import Refused, Unreachable
from headway.client.address import Address
from headway.client.backoff import Backoff
from headway.client.endings import Ended, answered, failed
from headway.client.token import checked
from headway.client.transports.http import ANSWER_SECONDS, new_http
from headway.client.transports.interface import CONNECT_SECONDS, bearer
from headway.codes import Advice

__all__ = ["Asker", "Fields"]

_FIRST: Final = 0.2
_MOST: Final = 5.0
"""Seconds before another attempt: at first, and at most."""

Fields = dict[str, Any]
"""A JSON object. Any: JSON values."""


class Asker:
    """Asks one server, within `async with`."""

    def __init__(self, url: str, token: str | None) -> None:
        """Raises `UsageError`."""
        self._address = Address.parse(url)
        self._token = None if token is None else checked(token)
        self._http = new_http(self._address)

    async def __aenter__(self) -> Asker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Fields:
        """Ask for an object. Raises `Refused`, `Unreachable`."""
        return await self._once("GET", self._address.http(path, dict(query or {})))

    async def post(self, path: str, fields: Fields | None = None) -> Fields:
        """Have something done. Raises as `get`; after `Unreachable` nobody knows whether it was done."""
        return await self._once("POST", self._address.http(path), fields)

    async def post_once(self, path: str, fields: Fields, key: str, patience: float) -> Fields:
        """Have something done, once: under its key it is tried again for so many seconds. Raises as `get`."""
        backoff = Backoff(random.random, first=_FIRST, most=_MOST)
        until = time.monotonic() + patience
        while True:
            try:
                return await self._ask("POST", self._address.http(path), fields, {"Idempotency-Key": key})
            except Ended as ended:
                delay = backoff.next(ended.retry)
                if ended.advice is not Advice.RECONNECT or time.monotonic() + delay > until:
                    raise self._error(ended) from None
                await asyncio.sleep(delay)

    async def _once(self, method: str, url: str, fields: Fields | None = None) -> Fields:
        try:
            return await self._ask(method, url, fields, {})
        except Ended as ended:
            raise self._error(ended) from None

    async def _ask(self, method: str, url: str, fields: Fields | None, headers: Mapping[str, str]) -> Fields:
        try:
            response = await self._http.request(
                method,
                url,
                content=None if fields is None else msgspec.json.encode(fields),
                headers={"Content-Type": "application/json", **headers, **bearer(self._token)},
                timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            )
        except (httpx2.HTTPError, OSError) as error:
            raise failed(error) from error
        if not response.is_success:
            raise answered(response.status_code, response.content, response.headers.get("Retry-After"))
        try:
            decoded: Any = msgspec.json.decode(response.content)  # Any: JSON
        except msgspec.DecodeError:
            decoded = None
        if not isinstance(decoded, dict):
            raise Ended("something answered that is no Headway", Advice.STOP)
        return decoded

    def _error(self, ended: Ended) -> Refused | Unreachable:
        if ended.advice is Advice.RECONNECT:
            return Unreachable(f"{self._address} cannot be asked now ({ended.reason})")
        return ended.refusal()
