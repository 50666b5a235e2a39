"""Publishers: they publish through a bad network and remember what they were told.

A publish with an idempotency key is tried until an answer arrives; one without is tried once, and where no answer
arrives it may be stored or not, but whole or not at all.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import msgspec

from chaos.ledger import Ledger, checksum
from chaos.verdict import Acknowledged, Record
from headway.positions import Position
from headway.testing.network import Network
from headway.testing.readers import Ended, fetch
from headway.testing.serving import Address

__all__ = ["Gate", "Publisher"]

_ANSWER_SECONDS: Final = 3.0
"""For an answer; then the connection is given up and the publish is tried again."""
_KEYS: Final = ("cpu", "frame", "progress")
_TEXT: Final = "fortschritt → 進捗 – прогресс "
"""Of one, two and three bytes a character: cuts fall inside of characters."""
_FILM_SHARE: Final = 0.01
"""Of the publishes, a film: frames of one key, more than the buffers on the way to a reader that stalls can take."""
_FRAMES: Final = 80
_FRAME: Final = "frame " * 7_000


class Gate:
    """Lets publishers through, or not; whoever closes it waits until nobody is inside."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def open(self) -> None:
        """Let everybody through."""
        self._open.set()

    async def close(self) -> None:
        """Let nobody through any more, and wait until all are out."""
        self._open.clear()
        await self._empty.wait()

    async def __aenter__(self) -> None:
        await self._open.wait()
        self._inside += 1
        self._empty.clear()

    async def __aexit__(self, *error: object) -> None:
        self._inside -= 1
        if not self._inside:
            self._empty.set()


@dataclass
class Publisher:
    """One producer of one channel."""

    name: str
    channel: str
    network: Network
    ledger: Ledger
    gate: Gate
    chance: random.Random
    pause: float
    """Mean seconds between two publishes."""
    publishes: list[Acknowledged] = field(default_factory=list)
    retries: int = 0
    replays: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    """Answers that were errors, by status and code."""
    _count: int = 0

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / self.pause))
            await self._publish(self._events())

    async def _publish(self, events: list[dict[str, Any]]) -> None:  # Any: JSON values
        body, kind = self._body(events)
        headers = {"Content-Type": kind}
        key = f"{self.name}-{self._count}" if self.chance.random() < 0.7 else None
        if key is not None:
            headers["Idempotency-Key"] = key
        last: Position | None = None
        try:
            while last is None:
                async with self.gate:
                    last = await self._attempt(body, headers)
                if key is None:
                    break
                if last is None:
                    self.retries += 1
                    await asyncio.sleep(self.chance.uniform(0.01, 0.3))
        finally:
            # Also when the run ends in the middle: it may be stored.
            self._note(events, last)

    async def _attempt(self, body: bytes, headers: dict[str, str]) -> Position | None:
        path = f"/api/channels/{quote(self.channel, safe='')}/events"
        address: Address = self.network.address
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer = await fetch(address, "POST", path, body=body, headers=headers)
        except (OSError, EOFError, Ended, TimeoutError):
            return None
        if answer.status not in (200, 201):
            name = f"{answer.status} {answer.json()['error']['code']}"
            self.refusals[name] = self.refusals.get(name, 0) + 1
            return None
        told = answer.json()
        self.replays += bool(told["replayed"])
        return Position.parse(told["position"])

    def _note(self, events: list[dict[str, Any]], last: Position | None) -> None:  # Any: JSON values
        marks = tuple(event["data"]["mark"] for event in events)
        self.publishes.append(Acknowledged(self.name, marks, last))
        if last is None:
            return
        for offset, event in enumerate(events, last.offset - len(events) + 1):
            record = Record(event["data"]["mark"], event.get("key"))
            self.ledger.saw(self.channel, Position(last.epoch, offset), record, self.name)

    def _events(self) -> list[dict[str, Any]]:  # Any: JSON values
        if self.chance.random() < _FILM_SHARE:
            return [self._event("frame", _FRAME) for _ in range(_FRAMES)]
        size = self.chance.choices([1, 5, 30, 200], [60, 28, 10, 2])[0]
        return [
            self._event(
                self.chance.choice(_KEYS) if self.chance.random() < 0.4 else None,
                _TEXT * self.chance.choices([0, 1, 4, 40], [30, 40, 25, 5])[0],
            )
            for _ in range(self.chance.randint(max(1, size // 2), size))
        ]

    def _event(self, key: str | None, text: str) -> dict[str, Any]:  # Any: JSON values
        self._count += 1
        data = {"mark": f"{self.name}-{self._count}", "k": key, "text": text, "sum": checksum(text)}
        event: dict[str, Any] = {"type": "progress" if key else "milestone", "data": data}
        if key is not None:
            event["key"] = key
        return event

    def _body(self, events: list[dict[str, Any]]) -> tuple[bytes, str]:  # Any: JSON values
        if len(events) == 1:
            return msgspec.json.encode(events[0]), "application/json"
        if self.chance.random() < 0.3:
            return b"\n".join(msgspec.json.encode(event) for event in events), "application/x-ndjson"
        return msgspec.json.encode(events), "application/json"
