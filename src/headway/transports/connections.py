"""The faces of a connection: what a transport is given, and what it gives back.

Back-pressure is one rule: an outlet that is not writable is not written by the hub; its cursor stays and the log keeps
what it misses. Answers to the client (`Socket.send`) are not in the log and always go, up to a bound; beyond it the
reader is cut, for it reads nothing.
"""

from __future__ import annotations

from typing import Protocol

from headway.codes import Close

__all__ = ["Receiver", "Socket", "Stream"]


class Receiver(Protocol):
    """What a transport does with its connection. Called on the loop; none of these may wait."""

    def received(self, message: str | bytes) -> None:
        """The client said something."""
        ...

    def writable_again(self) -> None:
        """The outlet can be written again."""
        ...

    def ended(self, code: int | None) -> None:
        """The connection is over, for whatever reason; called once."""
        ...


class Socket(Protocol):
    """A WebSocket, as a transport sees it. Also an `Outlet` of the hub, taking whole frames."""

    writable: bool
    deflate: bool
    """Whether frames may be compressed."""

    def write(self, data: bytes, /) -> object:
        """Frames of the hub."""
        ...

    def send(self, data: bytes) -> None:
        """Frames that answer the client; they go even if it is slow, up to a bound."""
        ...

    def close(self, close: Close, reason: str = "") -> None:
        """Say goodbye and end. Idempotent."""
        ...

    def cut(self) -> None:
        """End at once, without a word."""
        ...

    def waiting(self) -> int:
        """Bytes that wait to be written."""
        ...

    def pause_reading(self) -> None:
        """Let the client wait: it says more than is handled."""
        ...

    def resume_reading(self) -> None:
        """Listen again."""
        ...


class Stream(Protocol):
    """An endless HTTP answer, as a transport sees it. Also an `Outlet`."""

    writable: bool

    def write(self, data: bytes, /) -> object:
        """Bytes of the hub, or the transport's own."""
        ...

    def finish(self, farewell: bytes) -> None:
        """Write the last bytes and end the answer. Idempotent."""
        ...

    def waiting(self) -> int:
        """Bytes that wait to be written."""
        ...

    def cut(self) -> None:
        """End at once, without a word."""
        ...
