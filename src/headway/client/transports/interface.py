"""What every transport of the client is: one connection after the other, each yielding the server's messages of one
channel."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final, Protocol

__all__ = ["CONNECT_SECONDS", "Fields", "Transport", "bearer"]

Fields = dict[str, Any]
"""A message of the native protocol as an object. Any: JSON values."""

CONNECT_SECONDS: Final = 10.0
"""For a connection to stand; the default of the `websockets` library. A busy server needs far less, a lossy network
three tries of TCP."""


class Transport(Protocol):
    """A way to reach the server."""

    name: str
    """As people write it."""

    def messages(self, channel: str, since: str | None) -> AsyncGenerator[Fields, None]:
        """Connect, follow the channel, and yield what the server says: `subscribed` first, then events and gaps.

        Always ends by raising `Ended`. Closing the generator closes the connection.
        """
        ...


def bearer(token: str | None) -> dict[str, str]:
    """The header that says who we are. Never in a URL, where it would be logged."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}
