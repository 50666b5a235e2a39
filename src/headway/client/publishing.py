"""Publishing one event over HTTP, again and again until it is known to be stored. The idempotency key makes that
safe: the server stores what it names once, and answers a repetition with the position of the first time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import httpx2
import msgspec

from headway.client.address import Address
from headway.client.endings import Ended, Unreachable, answered, failed
from headway.client.transports.interface import CONNECT_SECONDS, bearer
from headway.codes import Advice
from headway.events import Draft
from headway.positions import Position

__all__ = ["Publication", "publish"]

_ANSWER_SECONDS: Final = 15.0
"""For one answer; a commit takes milliseconds, on a disk under load a few seconds."""


class Publication:
    """One event on its way: everything a request needs, the same for each attempt."""

    def __init__(self, address: Address, token: str | None, channel: str, draft: Draft, idempotency_key: str) -> None:
        self.idempotency_key = idempotency_key
        self._url = address.channel(channel, "events")
        fields = {"type": draft.type, "data": msgspec.Raw(draft.json)}
        self._body = msgspec.json.encode(fields if draft.key is None else {**fields, "key": draft.key})
        self._headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key,
            **bearer(token),
        }

    async def attempt(self, http: httpx2.AsyncClient) -> Position:
        """Ask the server once. Raises `Ended`."""
        try:
            response = await http.post(self._url, content=self._body, headers=self._headers)
        except (httpx2.HTTPError, OSError) as error:
            raise failed(error) from error
        if response.status_code not in (200, 201):
            raise answered(response.status_code, response.content, response.headers.get("Retry-After"))
        try:
            return Position.parse(msgspec.json.decode(response.content)["position"])
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            reason = "the server took the event, but answered something that no Headway does"
            raise Ended(reason, Advice.STOP) from error


async def publish(publication: Publication, patience: float, wait: Callable[[Ended], Awaitable[None]]) -> Position:
    """Try until it is stored; `wait` between two attempts. Raises `Refused`, `Unreachable`. Cancelling leaves it open
    whether it was stored."""
    reason = "no answer in time"
    try:
        async with (
            asyncio.timeout(patience),
            httpx2.AsyncClient(timeout=httpx2.Timeout(_ANSWER_SECONDS, connect=CONNECT_SECONDS)) as http,
        ):
            while True:
                try:
                    return await publication.attempt(http)
                except Ended as ended:
                    if ended.advice is not Advice.RECONNECT:
                        raise ended.refusal() from ended
                    reason = ended.reason
                    await wait(ended)
    except TimeoutError:
        raise Unreachable(
            f"the event could not be published within {patience:g} s ({reason})",
            details={"idempotency_key": publication.idempotency_key},
        ) from None
