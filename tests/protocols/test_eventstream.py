"""Server-Sent Events, the sending side, as a reader of the standard would take them apart."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.events import Event
from headway.protocols.eventstream import HEARTBEAT, chunk, last_event_id, message, retry
from headway.protocols.stream import flat


def parsed(data: bytes) -> list[dict[str, str]]:
    """The frames of an event stream, by the steps of the HTML standard, section 9.2.6."""
    frames: list[dict[str, str]] = []
    frame: dict[str, str] = {}
    for line in data.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            frame[name] = f"{frame[name]}\n{value}" if name == "data" and name in frame else value
        elif frame:
            frames.append(frame)
            frame = {}
    assert not frame, "a frame without its end"
    return frames


def test_a_message_carries_its_position() -> None:
    """The position is the id, so that the client resumes after it; without one the client's last id stays."""
    assert parsed(message(b'{"a":1}', "life1.7")) == [{"id": "life1.7", "data": '{"a":1}'}]
    assert parsed(message(b'{"a":1}', None)) == [{"data": '{"a":1}'}]
    assert parsed(message(b"{}", "")) == [{"id": "", "data": "{}"}]


@given(st.text())
def test_an_event_is_one_line(text: str) -> None:
    """Whatever text an event holds, its JSON has no line break of its own, and arrives as it was."""
    event = Event("run", "life1", 7, "progress", b'{"text":%b}' % _json(text), None, 0)

    assert parsed(message(flat(event), "life1.7"))[0]["data"].encode() == flat(event)


def test_the_heartbeat_is_named() -> None:
    """A page can listen for it, and `onmessage` does not see it."""
    assert parsed(HEARTBEAT) == [{"event": "heartbeat", "data": "{}"}]
    assert "event" not in parsed(message(b"{}", "a.1"))[0]


def test_when_to_come_back() -> None:
    """In milliseconds, digits only."""
    assert parsed(retry(2_000)) == [{"retry": "2000"}]


@given(st.lists(st.binary(min_size=1), max_size=5))
def test_chunks_can_be_taken_apart(pieces: list[bytes]) -> None:
    """Each piece is a chunk of HTTP/1.1 with its length in front; no bytes end the body."""
    body, found = b"".join(map(chunk, pieces)) + chunk(b""), []
    while True:
        size, _, body = body.partition(b"\r\n")
        found.append(body[: int(size, 16)])
        assert body[int(size, 16) :].startswith(b"\r\n")
        body = body[int(size, 16) + 2 :]
        if not found[-1]:
            break

    assert (found, body) == ([*pieces, b""], b"")


@pytest.mark.parametrize(
    ("header", "query", "expected"),
    [
        (None, {}, None),
        ("a.1", {}, "a.1"),
        ("a.1", {"since": "b.2"}, "a.1"),
        ("", {"since": "b.2"}, ""),
        (None, {"since": ""}, ""),
        (None, {"since": "b.2", "lastEventId": "c.3"}, "b.2"),
        *(
            (None, {name: "b.2"}, "b.2")
            for name in ("lastEventId", "last_event_id", "Last-Event-ID", "evs_last_event_id")
        ),
        (None, {"lasteventid": "b.2"}, None),
    ],
)
def test_what_the_client_saw_last(header: str | None, query: dict[str, str], expected: str | None) -> None:
    """The header of a reconnect counts most, then the spellings in the URL; an empty one is the beginning."""
    assert last_event_id(header, query) == expected


def _json(text: str) -> bytes:
    try:
        text.encode()
    except UnicodeEncodeError:
        text = ascii(text)
    return json.dumps(text, ensure_ascii=False).encode()
