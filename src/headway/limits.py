"""Every bound of Headway as a value, each with the reason for its number. Not here: where a setting comes from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits", "Retention"]


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a channel the log keeps. Whatever exceeds one of the three is trimmed; a snapshot survives count and
    bytes."""

    events: int = 100_000
    """A long test run has some ten thousand events; ten of them. Centrifugo's and Ably's defaults are far smaller."""
    seconds: float = 7 * 86_400.0
    """"Last week's run" can be replayed."""
    bytes: int = 64 * 1024 * 1024
    """100,000 events of 640 bytes. Bounds what one channel can do to the disk."""
    compact_after: float | None = None
    """Seconds after which an event superseded by a newer one of its key is removed. None: a replay shows every step."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one server."""

    event_bytes: int = 1_000_000
    """One event's data as JSON. Socket.IO's default for a message (`maxPayload`), so every transport can carry every
    event."""
    body_bytes: int = 8 * 1024 * 1024
    """One HTTP publish: an array of many events. nginx allows 1 MB by default and people raise it to about this."""
    message_bytes: int = 1_000_000
    """One message from a client, on every transport. As `event_bytes`."""
    publish_events: int = 10_000
    """Events in one publish: what one group commit writes in a few milliseconds."""
    subscriptions: int = 128
    """Channels one session follows. A dashboard has some ten; a token of 128 positions is still a legal URL."""
    page_events: int = 1_000
    """Events of one read. At 300 bytes that is one write of 300 KB, below every socket buffer maximum."""
    page_bytes: int = 512 * 1024
    """Bytes of one read, so that a thousand large events do not become one huge write."""
    poll_events: int = 16
    """Events in one Engine.IO polling answer: python-engineio refuses a payload of more than 16 packets."""
    wait_seconds: float = 30.0
    """Longest long-poll. Most proxies cut idle requests at 60 s, some at 30."""
    write_high: int = 256 * 1024
    """Bytes waiting in one socket before its cursors stay where they are. asyncio's default is 64 KiB, one page is up
    to 512."""
    control_bytes: int = 256 * 1024
    """Answers waiting for one reader that reads nothing, before it is closed: answers are not in the log."""
    poll_outbox_bytes: int = 4 * 1024 * 1024
    """The same for an Engine.IO poller, to whom a whole snapshot is an answer: it must fit between two polls."""
    inbox_messages: int = 64
    """Messages of one client waiting to be handled before its socket is no longer read."""
    tail_events: int = 1_024
    """Latest events a channel with readers keeps in memory, so that a short lag is no read of the log."""
    tail_bytes: int = 1024 * 1024
    """The same in bytes; whichever is less."""
    lag_events: int = 64
    """Events that wait for a reader who cannot be written before it counts as lagging, and overtaken ones are skipped.
    More than pile up between two polls or while one write is under way; few enough to be read through."""
    chunk_cache_bytes: int = 32 * 1024 * 1024
    """Encoded history shared by readers that catch up over the same range, for the whole process."""
    heartbeat_seconds: float = 25.0
    """A sign of life every so often. Below the 30 s and 60 s at which proxies cut; the interval of Engine.IO."""
    heartbeat_timeout: float = 20.0
    """Time for the answer; the timeout of Engine.IO."""
    stream_heartbeat_seconds: float = 15.0
    """The same on Server-Sent Events, where the reader cannot answer and proxies cut earlier."""
    connect_timeout: float = 45.0
    """Time for a Socket.IO client to join a namespace; Socket.IO's own default."""
    auth_seconds: float = 15.0
    """Time for the first valid token on a raw WebSocket; Centrifugo allows the same."""
    shutdown_seconds: float = 5.0
    """From SIGTERM to the end. Orchestrators kill after 10 to 30 s."""
    drain_seconds: float = 2.0
    """Window over which connections are told to come back at a shutdown, so that they do not return as one."""
