"""Where reading begins: the join of a position a reader brought and what a channel still holds. Pure; every log decides
with it.

The rule, from the beginning of the channel to its head:

    the position                                     reading begins        gap
    ------------------------------------------------ --------------------- -------------------
    BEGINNING                                        at the trimmed edge   none
    this epoch, ahead of the head                    at the head           AHEAD, to the head
    this epoch, behind the trimmed edge              at the trimmed edge   TRIMMED
    this epoch, otherwise                            at the position       none
    a life before this one, within what was saved    as in this epoch      as in this epoch
    a life before this one, later than that          where that life ended EPOCH
    any other epoch                                  at the trimmed edge   EPOCH
"""

from __future__ import annotations

from dataclasses import dataclass

from headway.positions import Gap, GapReason, Position

__all__ = ["Extent", "start"]


@dataclass(frozen=True, slots=True)
class Extent:
    """What a channel holds: the events after `trimmed`, up to and including `head`."""

    channel: str
    epoch: str
    trimmed: int
    head: int

    def at(self, offset: int) -> Position:
        """The position of an offset of this channel."""
        return Position(self.epoch, offset)


def start(extent: Extent, after: Position, inherited: int | None = None) -> tuple[int, Gap | None]:
    """Return the offset to read after, and the gap a reader has to be told first.

    `inherited` is the last offset saved of the life the position belongs to, or None if that life is not known or is
    this one.
    """
    if not after.epoch:
        return extent.trimmed, None
    if after.epoch != extent.epoch and (inherited is None or after.offset > inherited):
        edge = max(extent.trimmed, inherited or 0)
        return edge, _gap(extent, after, edge, GapReason.EPOCH)
    if after.offset > extent.head:
        return extent.head, _gap(extent, after, extent.head, GapReason.AHEAD)
    if after.offset < extent.trimmed:
        return extent.trimmed, _gap(extent, after, extent.trimmed, GapReason.TRIMMED)
    return after.offset, None


def _gap(extent: Extent, after: Position, edge: int, reason: GapReason) -> Gap:
    return Gap(extent.channel, after, extent.at(edge), reason)
