"""The ledger: every position anybody ever saw, and what stood there; and the notebook each reader keeps. Pure.

Marks identify events. A publisher gives each event a mark that no other has, its key, and a checksum of its text, all
inside the data, because keys are not on the wire.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from chaos.verdict import Began, Entry, Fault, Finding, GapTold, Record, Told
from headway.positions import GapReason, Position

__all__ = ["Fields", "Ledger", "Notebook", "checksum"]

Fields = Mapping[str, Any]
"""A message as an object. Any: JSON values."""

_SHOWN: Final = 20
"""Findings kept: the first ones matter, and a broken server makes thousands."""


def checksum(text: str) -> int:
    """What an event says about its own text."""
    return zlib.crc32(text.encode())


class Ledger:
    """What anybody ever saw, of all channels of one log."""

    def __init__(self, channels: Iterable[str]) -> None:
        self.seen: dict[str, dict[Position, Record]] = {channel: {} for channel in channels}
        self.findings: list[Finding] = []
        self._newest: dict[str, Position] = {}

    def saw(self, channel: str, position: Position, record: Record, who: str) -> None:
        """Somebody saw an event. A position that held another one is a finding."""
        earlier = self.seen[channel].setdefault(position, record)
        if earlier.mark != record.mark:
            text = f"{who} saw {record.mark} at {position} of {channel}, where {earlier.mark} stood"
            self._find(Finding(Fault.REUSED, text))
        newest = self._newest.get(channel)
        if newest is None or newest.epoch != position.epoch or newest.offset < position.offset:
            self._newest[channel] = position

    def damaged(self, who: str, mark: str) -> None:
        """An event arrived with another text than it was published with."""
        self._find(Finding(Fault.REUSED, f"{who} got {mark} with a text that is not its own"))

    def newest(self, channel: str) -> Position | None:
        """The newest position anybody saw."""
        return self._newest.get(channel)

    def _find(self, finding: Finding) -> None:
        if len(self.findings) < _SHOWN:
            self.findings.append(finding)


class Notebook:
    """What one reader was told. A reader that begins anew takes a new page of the notebook for each channel."""

    def __init__(self, reader: str, kind: str, channels: Iterable[str], ledger: Ledger, *, overtaking: bool) -> None:
        self.reader = reader
        self.kind = kind
        self.overtaking = overtaking
        """Whether this kind of reader may miss keyed events that newer ones overtook."""
        self.reconnects = 0
        self.unrecovered = 0
        """Reconnects of a client with a recovery of its own after which it had to ask anew."""
        self.pages: dict[str, list[list[Entry]]] = {channel: [[]] for channel in channels}
        self._ledger = ledger
        self._since: dict[str, str | None] = {}

    @property
    def channels(self) -> list[str]:
        """What it follows."""
        return list(self.pages)

    def since(self, channel: str) -> str | None:
        """The position to go on from, as it was spelled; None: it has none."""
        return self._since.get(channel)

    def at(self, channel: str) -> str:
        """The last position it was told."""
        return self._since.get(channel) or ""

    def anew(self) -> None:
        """Forget every position and begin another page."""
        self._since.clear()
        for pages in self.pages.values():
            if pages[-1]:
                pages.append([])

    def known(self, channel: str) -> Position | None:
        """The newest position anybody knows, to be noted before asking for everything after a position."""
        return self._ledger.newest(channel)

    def began(
        self,
        channel: str,
        since: str | None,
        at: Position,
        *,
        known: Position | None = None,
        snapshot: Iterable[Fields] | None = None,
    ) -> None:
        """It was told where it begins."""
        state = None if snapshot is None else tuple(self._state(channel, snapshot))
        asked = None if since is None else Position.parse(since)
        self.pages[channel][-1].append(Began(asked, at, known if since else None, state))
        if not since:
            self._since[channel] = str(at)

    def took(self, fields: Fields) -> None:
        """It was told an event or a gap."""
        channel: str = fields["channel"]
        position = Position.parse(fields["position"])
        if fields["type"] == "gap":
            entry = GapTold(Position.parse(fields["from"]), Position.parse(fields["to"]), GapReason(fields["reason"]))
            self.pages[channel][-1].append(entry)
            for event in fields.get("snapshot", ()):
                self._see(channel, event)
        else:
            self.pages[channel][-1].append(Told(position, self._see(channel, fields).mark))
        self._since[channel] = fields["position"]

    def _state(self, channel: str, snapshot: Iterable[Fields]) -> Iterable[tuple[Position, str]]:
        for fields in snapshot:
            yield Position.parse(fields["position"]), self._see(channel, fields).mark

    def _see(self, channel: str, fields: Fields) -> Record:
        record = Record(fields["mark"], fields["k"])
        text = fields.get("text")
        if text is not None and checksum(text) != fields["sum"]:
            self._ledger.damaged(self.reader, record.mark)
        self._ledger.saw(channel, Position.parse(fields["position"]), record, self.reader)
        return record
