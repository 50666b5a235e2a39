"""The native protocol: JSON (or MessagePack) messages, each an object with a `type`. Spoken on raw WebSocket; its event
shape is the one of every transport.

An event is flat: the producer's data beside the event's own fields. `key` is there for events that have one.

    {"type": "progress", "channel": "run:7", "offset": 17, "position": "7k2m9qzt41.17",
     "timestamp": "2026-01-31T09:30:00.000Z", …data}

A client says                                           and is answered
    subscribe {channel, since?, batch?, ack?}           subscribed {channel, position, head, recovered, snapshot?}
    unsubscribe {channel}                               unsubscribed {channel, code?}
    publish {channel, event | events, idempotency_key?} published {channel, offset, position, count, replayed}
    ack {channel, offset}                               –
    auth {token}                                        auth_success {user, role, expires}
                                                        | auth_failed {code, message, retry}
    ping                                                pong
    anything else                                       error {code, message, retry, details?}

Fields may stand at the top level or under `data`. A request's `id`, a string or a number, is repeated in its answer.
`channel` may be spelled `group`, `testRunId` or `sessionId`; who spells it so knows no `snapshot` field and gets the
snapshot's events as ordinary messages. Who says `registerSession`, or only `{"sessionId": …}`, gets events and nothing
else, since that client takes every message for progress.

`head` is where the channel ends at that moment: who has heard everything up to it has caught up. An `unsubscribed` that
nobody asked for has the `code` of the reason: a renewed token does not cover the channel.

`since`: absent, the snapshot and then live, or of a `testRunId` everything; "", everything the log holds; a position,
everything after it. Events that are ready together arrive as `batch {messages, count}` for who asked with `batch`
(true, or the most messages in one). A gap is a message of its own: `gap {channel, from, to, position, lost, reason,
snapshot}`. Before a restart: `reconnect {retry}` (ms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from headway.codes import Code
from headway.errors import HeadwayError, PeerError
from headway.events import Draft, Event, channel_name
from headway.positions import Gap, Position

__all__ = [
    "Ack",
    "Auth",
    "Command",
    "Ping",
    "Publish",
    "Subscribe",
    "Unsubscribe",
    "draft_of",
    "drafts_of",
    "error_fields",
    "flat",
    "flat_fields",
    "gap_fields",
    "id_of",
    "parse",
    "since_of",
    "timestamp",
]

Fields = dict[str, Any]
"""A message as an object. Any: JSON values."""

_CHANNEL_SPELLINGS: Final = ("channel", "group", "testRunId", "sessionId")
_BATCH_DEFAULT: Final = 100
"""Messages in one batch when the client says only `true`: ten times the seed's batch, below a screenful."""
_BATCH_MOST: Final = 1_000
_ID_CHARACTERS: Final = 255
"""Of a request's id, which is repeated: a UUID has 36."""
_KEY_CHARACTERS: Final = 255
"""Of an idempotency key, as over HTTP: a UUID or a hash has at most 128."""


# Events as they stand on the wire.


def flat(event: Event) -> bytes:
    """An event as flat JSON. Spliced from the data's own text, which is not parsed again."""
    head = b'{"type":%b,"channel":%b,"offset":%d,"position":"%b.%d","timestamp":"%b"' % (
        _quoted(event.type),
        _quoted(event.channel),
        event.offset,
        event.epoch.encode(),
        event.offset,
        timestamp(event.time).encode(),
    )
    if event.key is not None:
        head += b',"key":' + _quoted(event.key)
    return head + b"}" if event.json == b"{}" else head + b"," + event.json[1:]


def flat_fields(event: Event) -> Fields:
    """The same as an object."""
    return {
        "type": event.type,
        "channel": event.channel,
        "offset": event.offset,
        "position": str(event.position),
        "timestamp": timestamp(event.time),
        **({} if event.key is None else {"key": event.key}),
        **event.data,
    }


def gap_fields(gap: Gap, state: Sequence[Event]) -> Fields:
    """A gap as an object, with the state behind it."""
    return {
        "type": "gap",
        "channel": gap.channel,
        "from": str(gap.after),
        "to": str(gap.until),
        "position": str(gap.until),
        "lost": gap.lost,
        "reason": gap.reason.value,
        "snapshot": [flat_fields(event) for event in state],
    }


def error_fields(error: HeadwayError) -> Fields:
    """An error as an object."""
    fields: Fields = {"code": error.code.spelling, "message": error.message, "retry": error.code.retry}
    if error.details:
        fields["details"] = error.details
    return fields


def timestamp(milliseconds: int) -> str:
    """A moment as ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _quoted(text: str) -> bytes:
    return msgspec.json.encode(text)


# What a client says.


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Follow a channel."""

    channel: str
    since: Position | None = None
    batch: int = 0
    """Most messages in one `batch`; 0: no batches."""
    acknowledge: bool = False
    inline_snapshot: bool = True
    """The snapshot stands in the answer; otherwise its events come as ordinary messages."""
    answer: bool = True
    """Whether this client understands an answer at all."""
    whole: bool = False
    """Without `since`, everything the log holds: of a run whoever comes late wants all."""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Follow a channel no more."""

    channel: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish events."""

    channel: str
    drafts: tuple[Draft, ...]
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class Ack:
    """Everything up to here has been handled."""

    channel: str
    offset: int


@dataclass(frozen=True, slots=True)
class Auth:
    """Who I am."""

    token: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""


Command = Subscribe | Unsubscribe | Publish | Ack | Auth | Ping


def parse(message: object, *, event_bytes: int) -> Command:
    """What a decoded message of a client asks for. Raises `HeadwayError` naming what was wrong."""
    if not isinstance(message, dict):
        raise PeerError("a message is a JSON object")
    kind = message.get("type")
    inner = message.get("data")
    fields: Fields = {**inner, **message} if isinstance(inner, dict) else message
    match kind:
        case "subscribe":
            return _subscribe(fields)
        case "unsubscribe":
            return Unsubscribe(_channel(fields)[0])
        case "registerSession":
            return Subscribe(_channel(fields)[0], since_of(fields), inline_snapshot=False, answer=False)
        case None if "sessionId" in fields:
            return Subscribe(_channel(fields)[0], since_of(fields), inline_snapshot=False, answer=False)
        case "publish":
            return _publish(fields, event_bytes)
        case "ack":
            return Ack(_channel(fields)[0], _offset(fields))
        case "auth":
            token = fields.get("token")
            if not isinstance(token, str):
                raise PeerError("auth needs a token", details={"field": "token"})
            return Auth(token)
        case "ping":
            return Ping()
        case None:
            raise PeerError("a message needs a type", details={"field": "type"})
        case _:
            shown = kind if isinstance(kind, str) else type(kind).__name__
            raise PeerError(f"there is no message of type {shown[:64]!r}", code=Code.UNKNOWN_TYPE)


def id_of(message: object) -> str | int | float | None:
    """The `id` of a decoded message, which its answer repeats; None without one. Raises `PeerError` for what not every
    wire can repeat, such as a whole number of 65 bits."""
    id = message.get("id") if isinstance(message, dict) else None
    match id:
        case bool():
            pass
        case None | float():
            return id
        case str() if len(id) <= _ID_CHARACTERS:
            return id
        case int() if -(1 << 63) <= id < 1 << 64:
            return id
    raise PeerError(
        f"an id is a string of at most {_ID_CHARACTERS} characters or a number of 64 bits", details={"field": "id"}
    )


def since_of(fields: Mapping[str, Any]) -> Position | None:  # Any: JSON values
    """Where a client wants to begin. Raises `PeerError`."""
    since = fields.get("since")
    if since is None:
        return None
    if not isinstance(since, str):
        raise PeerError("a position is a string", code=Code.BAD_POSITION, details={"field": "since"})
    try:
        return Position.parse(since)
    except ValueError as error:
        raise PeerError(str(error), code=Code.BAD_POSITION, details={"field": "since"}) from error


def drafts_of(value: object, *, event_bytes: int) -> tuple[Draft, ...]:
    """Events as somebody publishes them: one object or a list of objects. Raises `HeadwayError` naming what was wrong
    and where."""
    if not isinstance(value, list):
        return (draft_of(value, event_bytes=event_bytes),)
    if not value:
        raise PeerError("there is no event to publish")
    drafts = []
    for index, item in enumerate(value):
        try:
            drafts.append(draft_of(item, event_bytes=event_bytes))
        except HeadwayError as error:
            raise type(error)(
                f"event {index}: {error}", code=error.code, details={**error.details, "index": index}
            ) from error
    return tuple(drafts)


def draft_of(value: object, *, event_bytes: int) -> Draft:
    """One event `{type, data?, key?}`. Raises `HeadwayError` naming what was wrong."""
    if not isinstance(value, dict):
        raise PeerError("an event is an object with a type")
    unknown = sorted(str(name) for name in value.keys() - {"type", "data", "key"})
    if unknown:
        raise PeerError(
            f"an event has type, data and key; {', '.join(unknown)[:128]} is none (your own fields go into data)",
            details={"fields": unknown[:16]},
        )
    if "type" not in value:
        raise PeerError("an event needs a type", details={"field": "type"})
    return Draft.of(value["type"], value.get("data"), value.get("key"), limit=event_bytes)


def _subscribe(fields: Fields) -> Subscribe:
    channel, spelling = _channel(fields)
    batch = fields.get("batch", 0)
    if batch is True:
        batch = _BATCH_DEFAULT
    if isinstance(batch, bool) or batch is None:
        batch = 0
    if not isinstance(batch, int) or not 0 <= batch <= _BATCH_MOST:
        raise PeerError(f"batch is true or a number up to {_BATCH_MOST}", details={"field": "batch"})
    return Subscribe(
        channel,
        since_of(fields),
        batch,
        fields.get("ack") is True,
        inline_snapshot=spelling == "channel",
        whole=spelling == "testRunId",
    )


def _publish(fields: Fields, event_bytes: int) -> Publish:
    if ("event" in fields) == ("events" in fields):
        raise PeerError("publish needs either event or events")
    events = fields.get("event", fields.get("events"))
    key = fields.get("idempotency_key")
    if key is not None and not (isinstance(key, str) and 1 <= len(key) <= _KEY_CHARACTERS):
        raise PeerError(
            f"an idempotency_key is a string of 1 to {_KEY_CHARACTERS} characters", details={"field": "idempotency_key"}
        )
    return Publish(_channel(fields)[0], drafts_of(events, event_bytes=event_bytes), key)


def _channel(fields: Fields) -> tuple[str, str]:
    for spelling in _CHANNEL_SPELLINGS:
        if spelling in fields:
            name = fields[spelling]
            # Numbers are ids in some of the seeds' clients; a channel is always a string.
            if isinstance(name, int) and not isinstance(name, bool) and abs(name) < 1 << 64:
                name = str(name)
            return channel_name(name), spelling
    raise PeerError("the channel is missing", code=Code.BAD_CHANNEL, details={"field": "channel"})


def _offset(fields: Fields) -> int:
    offset = fields.get("offset")
    if not isinstance(offset, int) or isinstance(offset, bool):
        raise PeerError("ack needs an offset", details={"field": "offset"})
    return offset
