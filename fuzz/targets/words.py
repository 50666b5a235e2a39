"""The words on every wire: positions, what a client saw last, names of channels, types and keys (`words`).

Law: what is accepted is spelled back as it was, and can stand wherever it is put: in a line of an event stream, in an
HTTP header, in a JSON text.
"""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from fuzz.choices import Choices
from fuzz.target import Target, require
from headway.errors import InvalidChannel, InvalidEvent, PeerError
from headway.events import Draft, channel_name
from headway.positions import BEGINNING, Position, format_positions, parse_positions
from headway.protocols.eventstream import last_event_id, message
from headway.protocols.stream import since_of

__all__ = ["TARGETS"]


def _check(data: bytes) -> None:
    choices = Choices(data)
    match choices.number(3):
        case 0:
            _check_positions(choices.rest().decode(errors="replace"))
        case 1:
            _check_last_event_id(choices.rest())
        case 2:
            _check_channel(choices.rest().decode("utf-8", "surrogatepass" if choices.number(1) else "replace"))
        case _:
            _check_draft(choices.text(), choices.text())


def _check_positions(text: str) -> None:
    try:
        position = Position.parse(text)
    except ValueError:
        pass
    else:
        require(str(position) == text, "a position is spelled otherwise")
        require((position == BEGINNING) is (text == ""), "a beginning that is none")
        _check_position(str(position))
    try:
        positions = parse_positions(text)
    except ValueError:
        return
    again = parse_positions(format_positions(positions.values()))
    require(again == positions, "a set of positions changes")
    require(all(epoch == position.epoch for epoch, position in positions.items()), "a position of another epoch")
    _check_position(format_positions(positions.values()))


def _check_position(spelled: str) -> None:
    require(spelled.isascii() and spelled.isprintable() and '"' not in spelled, "a position cannot stand in a header")
    require(message(b"{}", spelled).count(b"\n") == 3, "a position breaks its line")


def _check_last_event_id(data: bytes) -> None:
    header, _, query_string = data.decode("latin-1").partition("\n")
    query = dict(parse_qsl(query_string, keep_blank_values=True))
    seen = last_event_id(header or None, query)
    require(seen is None or seen == header or seen in query.values(), "nobody said this")
    try:
        since = since_of({"since": seen})
    except PeerError as error:
        msgspec.json.encode(error.message)
        return
    require((since is None) is (seen is None), "who says nothing says nothing")


def _check_channel(text: str) -> None:
    try:
        name = channel_name(text)
    except InvalidChannel as error:
        require(len(error.message) < 1_000, "a long complaint")
        return
    require(name == text and 1 <= len(name) <= 255, "a name changes")
    _check_visible(name)


def _check_draft(kind: str, key: str) -> None:
    try:
        draft = Draft.of(kind, {"a": kind}, key or None)
    except InvalidEvent as error:
        msgspec.json.encode(error.details)
        return
    _check_visible(draft.type)
    require(json.loads(draft.json) == {"a": kind}, "data change")


def _check_visible(name: str) -> None:
    require(name.encode().decode() == name, "a name is not Unicode")
    require(not any(character.isspace() or ord(character) < 0x21 for character in name), "a name holds a space")
    require(len(name.splitlines()) == 1, "a name breaks its line")


TARGETS: Final = (
    Target(
        "words",
        _check,
        (
            b"\x007k2m9qzt41.17",
            b"\x007k2m9qzt41.17,abc.0,z9.9007199254740991",
            b"\x00",
            b"\x00" + b",".join(b"epoch%d.%d" % (number, number) for number in range(40)),
            "\x00a.１".encode(),
            b"\x017k2m9qzt41.17\nlastEventId=abc.1&since=",
            b"\x01\nsince=%37k2m9qzt41.17",
            b"\x02run:7/caf\xc3\xa9\xf0\x9f\x9a\x80",
            b"\x02\xe2\x80\xa8\xed\xa0\x80",
            b"\x03\x08progress\x01k",
            b"\x03\x03gap\x00",
        ),
    ),
)
