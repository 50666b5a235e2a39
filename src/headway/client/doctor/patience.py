"""How long the doctor waits for what, in seconds, and from when on it calls something late. The defaults are for
networks; tests have less."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """The times of one examination."""

    answer: float = 5.0
    """For an answer that nobody holds back on purpose: three tries of TCP, and a page that takes longer is given up."""
    event: float = 3.0
    """From publishing an event to being told it. Ten times what a slow mobile network takes."""
    spacing: float = 0.15
    """Between events that must not arrive in one piece: more than a network jitters, or an algorithm of TCP joins."""
    wait: float = 1.0
    """Of a poll without news: a box that answers in the server's place, or not at all, shows in one second."""
    hold: float = 1.0
    """For which every transport is held open when nobody asks for more: boxes that kill a WebSocket do so after 0.1 to
    0.5."""
    slow: float = 1.0
    """A round trip from which on people see that something is late."""
    lagging: float = 0.5
    """Beyond its round trip, an event that takes so long was held back."""
