"""Where a reader stands.

A position is an offset under an epoch. An offset without its epoch lies: after a log was lost or torn the same number
names another event. So the two travel together, as one opaque string, on every wire:

    position   = epoch "." offset             7k2m9qzt41.17
    positions  = position *( "," position )   one token for a connection that follows several channels
    beginning  = ""                           before the first event, whatever the epoch: everything the log still holds

An epoch is 1 to 32 characters of a-z and 0-9, unique to one life of one channel, so a set of positions needs no channel
names: each is recognised by its epoch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["BEGINNING", "Gap", "GapReason", "Position", "format_positions", "parse_positions"]

_SPELLING: Final = re.compile(r"([a-z0-9]{1,32})\.(0|[1-9][0-9]{0,15})", re.ASCII)

_MAX_SPELLED: Final = 8192
"""Longest spelling of a set that is read at all: 128 channels of about 50 characters, and what most servers take in a
URL."""


@dataclass(frozen=True, slots=True, order=False)
class Position:
    """A place in one channel's log: everything up to and including `offset` has been told."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.offset}" if self.epoch else ""

    @classmethod
    def parse(cls, spelled: str) -> Position:
        """Read one position, or the beginning from an empty string. Raises `ValueError` naming what was wrong."""
        if not spelled:
            return BEGINNING
        match = _SPELLING.fullmatch(spelled)
        if match is None:
            raise ValueError(f"{spelled[:64]!r} is not a position")
        return cls(match[1], int(match[2]))


BEGINNING: Final = Position("", 0)
"""Before everything the log still holds. Reading from here is never a gap."""


class GapReason(Enum):
    """Why a reader cannot be told everything after its position."""

    TRIMMED = "trimmed"
    """Retention removed events the reader had not been told."""
    EPOCH = "epoch"
    """The position belongs to another life of the log; what lies between the two lives is not known."""
    AHEAD = "ahead"
    """The position is past the head: the log has lost its end and the reader knows more than it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Events a reader asked for that the log no longer holds: those after `after`, up to and including `until`."""

    channel: str
    after: Position
    until: Position
    reason: GapReason

    @property
    def lost(self) -> int | None:
        """How many offsets are missing; None where the two ends do not share an epoch."""
        if self.after.epoch and self.after.epoch != self.until.epoch:
            return None
        return abs(self.until.offset - self.after.offset)


def format_positions(positions: Iterable[Position]) -> str:
    """Spell a set of positions as one token."""
    return ",".join(str(position) for position in positions if position.epoch)


def parse_positions(spelled: str) -> dict[str, Position]:
    """Read a token as positions by epoch. Raises `ValueError` naming the part that was wrong."""
    if len(spelled) > _MAX_SPELLED:
        raise ValueError(f"a position of {len(spelled)} characters is longer than {_MAX_SPELLED}")
    found = [Position.parse(part) for part in spelled.split(",")] if spelled else []
    if BEGINNING in found:
        raise ValueError(f"{spelled[:64]!r} has an empty part")
    return {position.epoch: position for position in found}
