"""What people are told about a connection that comes and goes: once when it is lost, not at every attempt, and once
when it is back.
"""

from __future__ import annotations

from collections.abc import Callable

from headway.client import Change, Connected, Gap, Recovered, Stopped, Switched, Waiting

__all__ = ["Narrator"]


class Narrator:
    """Tells the changes of one connection. `__call__` is a client's `on_change`."""

    def __init__(self, url: str, say: Callable[[str], None], *, greeting: str | None = None) -> None:
        self._url = url
        self._say = say
        self._greeting = greeting
        """What is said when the connection stands for the first time."""
        self._waiting: str | None = None

    def __call__(self, change: Change) -> None:
        """Say what is new."""
        match change:
            case Waiting(reason):
                if reason != self._waiting:
                    self._say(f"waiting for {self._url} ({reason})")
                self._waiting = reason
            case Connected():
                if self._waiting is not None:
                    self._say(f"connected to {self._url}")
                elif self._greeting is not None:
                    self._say(self._greeting)
                self._waiting, self._greeting = None, None
            case Switched() | Recovered() | Gap() | Stopped():
                # A change of transport is nothing to notice, a gap stands among the events, and what ends it is raised.
                pass
