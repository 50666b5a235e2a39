"""Server-Sent Events (HTML standard, section 9.2), the sending side.

    retry: 2000                          first, once
    id: <position>                       of the very first frame too, so that a client that saw no event resumes as well
    data: {"type": …}                    one line: JSON text has no line breaks of its own

Frames are unnamed, so `EventSource.onmessage` sees every one; the heartbeat alone is named `heartbeat`, so that
`onmessage` does not.
"""

from __future__ import annotations

__all__ = ["HEARTBEAT", "chunk", "last_event_id", "message", "retry"]

HEARTBEAT = b"event: heartbeat\ndata: {}\n\n"
"""A sign of life a page can listen for; comments it could not."""

_ID_PARAMETERS = ("since", "lastEventId", "last_event_id", "lastEventID", "Last-Event-ID", "evs_last_event_id")
"""Where clients and polyfills put the position in a URL; `since` is ours."""


def message(data: bytes, position: str | None) -> bytes:
    """One unnamed frame; the position becomes the client's last event id."""
    if position is None:
        return b"data: %b\n\n" % data
    return b"id: %b\ndata: %b\n\n" % (position.encode(), data)


def retry(milliseconds: int) -> bytes:
    """After how long the client comes back when the stream ends."""
    return b"retry: %d\n\n" % milliseconds


def chunk(data: bytes) -> bytes:
    """The bytes as one chunk of a chunked HTTP body; no bytes end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_event_id(header: str | None, query: dict[str, str]) -> str | None:
    """What the client saw last, as it says: by header (a reconnect), else by one of the query spellings. None: it says
    nothing."""
    if header is not None:
        return header
    for name in _ID_PARAMETERS:
        if name in query:
            return query[name]
    return None
