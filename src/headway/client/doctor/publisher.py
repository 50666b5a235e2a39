"""Publishes the events by which the lines are examined, over HTTP, each once."""

from __future__ import annotations

from typing import Any, Final

import httpx2
import msgspec

from headway.client.address import Address
from headway.client.doctor.lines.interface import Told, read_answer, trouble_of
from headway.client.doctor.observed import Failed, Publishing, Stage
from headway.client.doctor.patience import Patience
from headway.client.transports.http import new_http
from headway.client.transports.interface import Fields, bearer
from headway.clock import Clock

__all__ = ["Publisher", "is_mark"]

_TYPE: Final = "doctor"
_TRIES: Final = 2
_KEY: Final = 200
"""Characters of the channel, whose name nobody can guess, in the keys: a key has 255 at most."""


class Publisher:
    """Publishes to one channel. Close it."""

    def __init__(self, address: Address, channel: str, token: str | None, patience: Patience, clock: Clock) -> None:
        self._url = address.channel(channel, "events")
        self._name = channel[-_KEY:]
        self._http = new_http(address)
        self._token = token
        self._patience = patience
        self._clock = clock
        self._count = 0
        self.answer_dropped = False
        """A second try has shown that the server had taken the first."""

    async def try_once(self) -> Publishing:
        """Whether it can be done at all."""
        try:
            await self.publish()
        except Failed as failed:
            return Publishing(failed.trouble, self.answer_dropped)
        return Publishing(None, self.answer_dropped)

    async def publish(self) -> tuple[int, float]:
        """Publish one event: its mark, and when it was sent. Raises `Failed`."""
        self._count += 1
        mark, sent = self._count, self._clock.monotonic()
        body = msgspec.json.encode({"type": _TYPE, "data": {"mark": mark}})
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"{self._name}:{mark}", **bearer(self._token)}
        for attempt in range(_TRIES):
            try:
                response = await self._http.post(
                    self._url, content=body, headers=headers, timeout=self._patience.answer
                )
            except (httpx2.HTTPError, OSError) as error:
                failure = Failed(trouble_of(error, Stage.EVENT))
                continue
            if response.status_code not in (200, 201):
                raise Failed(read_answer(Told(response.status_code, response.headers, response.content), Stage.EVENT))
            if attempt:
                self.answer_dropped = self.answer_dropped or _replayed(response.content)
            return mark, sent
        raise failure

    async def close(self) -> None:
        """Close what is kept."""
        await self._http.aclose()


def is_mark(message: Fields, mark: int) -> bool:
    """Whether this is that event."""
    return message["type"] == _TYPE and message.get("mark") == mark


def _replayed(body: bytes) -> bool:
    try:
        fields: Any = msgspec.json.decode(body)  # Any: JSON
    except msgspec.DecodeError:
        return False
    return isinstance(fields, dict) and fields.get("replayed") is True
