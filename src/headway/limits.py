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
    header_bytes: int = 32 * 1024
    """The request line and all headers together. nginx takes 4 × 8 KB; our longest legal address has some 4 KB."""
    headers: int = 100
    """Headers of one request. Browsers behind two proxies send about thirty; Apache's default is 100."""
    header_seconds: float = 10.0
    """From the first byte of a request, or from the connection's begin, to the end of its headers. A phone on a bad
    line needs two; who drips bytes needs for ever."""
    body_seconds: float = 10.0
    """For a body to arrive, and a second more for each `body_rate` bytes that have."""
    body_rate: int = 4 * 1024
    """Bytes a second a body keeps up once `body_seconds` are over: a tenth of a slow phone."""
    unread_seconds: float = 60.0
    """An answer of which the client reads nothing for so long is given up."""
    connections: int = 20_000
    """Of all addresses together; at about 5 KB each. Beyond it new ones are answered 503. The system's limit of open
    files lowers it."""
    address_connections: int = 100
    """Connections of one address (of an IPv6 network: /64). An office behind one address needs some tens; one who opens
    more is told 429. 0: no bound, as an open server on loopback has it."""
    address_rate: float = 10.0
    """New connections of one address, a second, once `address_burst` are used up."""
    address_burst: int = 100
    """New connections of one address at once: as many as it may hold, so that all can come back after a restart."""
    user_connections: int = 10
    """Connections of one user: a few windows on a few machines. With one more the oldest is closed (4009). 0: no
    bound."""
    message_rate: float = 100.0
    """Messages a second of one client once `message_burst` are used up; then it is read no faster. A page says a few;
    a program that has more to say publishes arrays."""
    message_burst: int = 1_000
    """Messages of one client at once: a page that comes back and follows all it may, several times over."""
    request_rate: float = 200.0
    """Publishing requests a second of one user over HTTP once `request_burst` are used up; then 429. Several producers
    with one token; more in arrays."""
    request_burst: int = 2_000
    """Publishing requests of one user at once."""
    paced_bytes: int = 10_000
    """A message or request counts as one, and once more for each so many bytes of it: with the rates, a client says a
    megabyte a second, and a user publishes two."""
    containers: int = 100_000
    """Lists and objects in one published body. Each becomes 60 to 200 bytes, however few it takes on the wire; ten for
    each of the most events."""
    sign_in_rate: float = 0.1
    """Tries to sign in, a second, of one address or for one name, once `sign_in_burst` are used up: 8,640 guesses a
    day."""
    sign_in_burst: int = 10
    """Tries to sign in at once: who forgot it needs a few."""
    sign_in_seconds: float = 12 * 3600.0
    """How long a browser stays signed in: a working day."""
    ticket_seconds: float = 30.0
    """From asking for a one-time ticket to using it: a page does so at once."""
    expiry_grace_seconds: float = 5.0
    """From the end of a token to the end of its connection: for a renewal that is on its way."""
    written_bytes: int = 512 * 1024 * 1024
    """Bytes waiting in all sockets together. Beyond it those with most waiting are cut, and come back to where they
    were: two thousand full sockets, on a machine of 2 GB."""
    drain_seconds: float = 2.0
    """Window over which connections are told to come back at a shutdown, so that they do not return as one."""
