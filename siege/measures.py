"""What a valid client notes of what it is told, and what becomes of the notes of a thousand. Pure.

Every event of a channel has the next offset, and says when it was sent. A client is told each once and in order: an
offset that comes early leaves others *lost* until they come (then it was *disorder*), one that came before is
*repeated*. Who has not been told the last one at the end has *lost* what it lacks; whose connection ended is *gone*.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Notes", "Window", "together"]


@dataclass(slots=True)
class Notes:
    """What one client was told."""

    begins: int
    """The offset it stood at before the first event."""
    last: int = field(init=False)
    missing: set[int] = field(default_factory=set)
    repeated: int = 0
    disorder: int = 0

    def __post_init__(self) -> None:
        self.last = self.begins

    def told(self, offset: int) -> None:
        """The event of this offset has come."""
        if offset == self.last + 1:
            self.last = offset
        elif offset > self.last:
            self.missing.update(range(self.last + 1, offset))
            self.last = offset
        elif offset in self.missing:
            self.missing.remove(offset)
            self.disorder += 1
        else:
            self.repeated += 1

    def lost(self, head: int) -> int:
        """How many up to the head it has not been told."""
        return len(self.missing) + max(0, head - self.last)


@dataclass(slots=True)
class Window:
    """What all clients of a process noticed in some seconds; `together` for all processes."""

    latencies: list[float] = field(default_factory=list)
    """Seconds from sending to hearing, of every delivery."""
    lost: int = 0
    repeated: int = 0
    disorder: int = 0
    gone: int = 0
    """Connections that ended."""
    clients: int = 0

    def quantile(self, share: float) -> float:
        """The latency that this share of all deliveries did not exceed; 0 where there are none."""
        if not self.latencies:
            return 0.0
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def whole(self) -> bool:
        """Whether nobody missed anything, and somebody was told something."""
        return bool(self.latencies) and not (self.lost or self.repeated or self.disorder or self.gone)


def together(windows: Iterable[Window]) -> Window:
    """The windows of several processes over the same seconds, as one."""
    whole = Window()
    for window in windows:
        whole.latencies += window.latencies
        whole.lost += window.lost
        whole.repeated += window.repeated
        whole.disorder += window.disorder
        whole.gone += window.gone
        whole.clients += window.clients
    return whole
