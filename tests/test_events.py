"""What can be an event, and what is refused with the part that was wrong."""

from __future__ import annotations

import sys
from enum import Enum
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.codes import Code
from headway.errors import InvalidChannel, InvalidEvent
from headway.events import RESERVED_FIELDS, RESERVED_TYPES, Draft, Event, channel_name
from headway.positions import Position

Json = Any  # Any: JSON values

INVISIBLE = [
    "",
    " ",
    "a b",
    "a\tb",
    "a\nb",
    "a\x00b",
    "a\x7fb",
    "a\u200bb",
    "a\u3000b",
    "a\u00a0b",
    "a\u2028b",
    "\ud800",
]
VISIBLE = ["a", "run:7", "test_42", "größe", "進捗", "🚀", "a/b?c#d", "*", "[1]", "..", "e\u0301"]


def nested(levels: int) -> Json:
    """Lists within lists."""
    data: Json = 1
    for _ in range(levels):
        data = [data]
    return data


def refused(*arguments: object, **options: int) -> InvalidEvent:
    """The error these parts of an event are refused with."""
    with pytest.raises(InvalidEvent) as caught:
        Draft.of(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("name", [*VISIBLE, "x" * 255, "é" * 255])
def test_visible_channel_names(name: str) -> None:
    """A channel has any name of 1 to 255 visible characters, of whatever script."""
    assert channel_name(name) == name


@pytest.mark.parametrize("name", [*INVISIBLE, "x" * 256, " sessions"])
def test_other_channel_names_are_refused(name: str) -> None:
    """White space, control and format characters, nothing at all and 256 characters make no channel name."""
    with pytest.raises(InvalidChannel, match="1 to 255 visible characters") as caught:
        channel_name(name)

    assert caught.value.code is Code.BAD_CHANNEL


@pytest.mark.parametrize("name", [None, 7, True, 1.5, b"run", ["run"], {}])
def test_a_channel_name_is_a_string(name: object) -> None:
    """What is no string is refused by what it is."""
    with pytest.raises(InvalidChannel, match="a string, not"):
        channel_name(name)


@given(st.text())
def test_any_text_is_a_name_or_refused(name: str) -> None:
    """No text makes the check of a name fail in another way, and what it lets through can be sent in a line of text."""
    try:
        channel_name(name)
    except InvalidChannel as error:
        error.message.encode()
    else:
        assert len(name.encode().decode().split()) == 1


@pytest.mark.parametrize("type", ["progress", "error", "x" * 128, "fortschritt-ä"])
def test_types(type: str) -> None:
    """A type is 1 to 128 visible characters; `error` is one of the seeds' own."""
    assert Draft.of(type) == Draft(type, b"{}", None)


@pytest.mark.parametrize("type", [*INVISIBLE, "x" * 129, None, 7, True, b"progress"])
def test_other_types_are_refused(type: object) -> None:
    """Anything else is refused, naming the type."""
    error = refused(type)

    assert "an event's type" in error.message
    assert error.details == {"field": "type"}


@pytest.mark.parametrize("type", sorted(RESERVED_TYPES))
def test_reserved_types_are_refused(type: str) -> None:
    """A word of the protocol cannot be an event's type: a client could not tell the two apart."""
    error = refused(type)

    assert error.code is Code.RESERVED_TYPE
    assert repr(type) in error.message


@pytest.mark.parametrize("name", sorted(RESERVED_FIELDS))
def test_reserved_fields_are_refused(name: str) -> None:
    """Data cannot overwrite what the event itself says; within nested data the name is free."""
    error = refused("progress", {"done": 1, name: 2})

    assert error.code is Code.RESERVED_FIELD
    assert repr(name) in error.message
    assert error.details == {"fields": [name]}
    assert Draft.of("progress", {"of": {name: 2}}).json


def test_a_reserved_field_in_disguise_is_refused() -> None:
    """A name that only becomes `type` when it is written is refused as well."""

    class Field(Enum):
        TYPE = "type"

    assert refused("progress", {Field.TYPE: "x"}).code is Code.RESERVED_FIELD


@pytest.mark.parametrize("key", [None, "p", "x" * 255, "ключ"])
def test_keys(key: str | None) -> None:
    """A key is absent or 1 to 255 visible characters."""
    assert Draft.of("progress", {}, key).key == key


@pytest.mark.parametrize("key", [*INVISIBLE, "x" * 256, 7, b"p", True])
def test_other_keys_are_refused(key: object) -> None:
    """Anything else is refused, naming the key."""
    error = refused("progress", {}, key)

    assert "an event's key" in error.message
    assert error.details == {"field": "key"}


@pytest.mark.parametrize("data", [[], "x", 7, True, [("a", 1)]])
def test_data_is_an_object(data: object) -> None:
    """Data that is no object is refused by what it is; none at all is an empty object."""
    assert "a JSON object, not" in refused("progress", data).message
    assert Draft.of("progress", None).json == b"{}"


def test_any_mapping_is_data() -> None:
    """Data need not be a `dict`, whatever values it has."""
    assert Draft.of("progress", MappingProxyType({"a": None})).json == b'{"a":null}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_json_number_is_refused(value: float) -> None:
    """NaN and the infinities are not JSON, and are not silently made into null."""
    for data in ({"n": value}, {"n": [{"m": value}]}, {"n": (1.0, value)}):
        error = refused("progress", data)

        assert "is not a JSON number" in error.message
        assert error.details == {"field": "data"}


def test_null_is_data() -> None:
    """What is meant to be null is no error."""
    assert Draft.of("progress", {"eta": None, "text": "null"}).json == b'{"eta":null,"text":"null"}'


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30, 10**400, pytest.param(10**5000, id="5000 digits")])
def test_numbers_that_a_wire_cannot_carry_are_refused(number: int) -> None:
    """A whole number of more than 64 bits is refused, because MessagePack could not carry the event."""
    assert refused("progress", {"n": number}).details == {"field": "data"}
    assert refused("progress", {"a": [{"n": number}]}).details == {"field": "data"}


@pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 0, 2**53, 1e308])
def test_large_numbers_are_data(number: float) -> None:
    """64 bits are taken, and so is text of many digits."""
    draft = Draft.of("progress", {"n": number, "text": "1" * 100})

    assert msgspec.json.decode(draft.json)["n"] == number


@pytest.mark.parametrize("data", [{"a": "\ud800"}, {"\ud800": 1}, {"a": object()}, {"a": {object(): 1}}, {"a": 1j}])
def test_what_cannot_be_written_as_json_is_refused(data: object) -> None:
    """A lone surrogate is not text, and an arbitrary object not JSON."""
    assert "cannot be written as JSON" in refused("progress", data).message


@pytest.mark.parametrize("levels", [100, 900, 10_000, 100_000])
def test_deep_data_is_refused(levels: int) -> None:
    """Data nested deeper than 100 levels is refused, before any reader's decoder has to."""
    assert refused("progress", {"a": nested(levels)}).details == {"field": "data"}


def test_nested_data_is_taken() -> None:
    """A hundred levels are taken, the object itself among them, and any number of lists side by side."""
    assert Draft.of("progress", {"a": nested(99)}).json
    assert Draft.of("progress", {"a": [[i] for i in range(1_000)]}).json


def test_a_circle_is_refused() -> None:
    """Data that contains itself is refused."""
    circle: list[Json] = []
    circle.append(circle)

    assert refused("progress", {"a": circle}).details == {"field": "data"}


def test_large_data_is_refused() -> None:
    """The limit is on the bytes of the JSON text, and one byte more is too many."""
    fits = Draft.of("progress", {"a": "é" * 10}, limit=28)
    error = refused("progress", {"a": "é" * 10}, limit=27)

    assert len(fits.json) == 28
    assert error.code is Code.TOO_LARGE
    assert error.details == {"limit": 27}


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(st.dictionaries(st.text(), values), st.text(), st.none() | st.text())
def test_what_is_taken_can_be_carried(data: dict[str, Json], type: str, key: str | None) -> None:
    """Any draft is refused with `InvalidEvent`, or can be read back as JSON and as MessagePack."""
    try:
        draft = Draft.of(type, data, key)
    except InvalidEvent as error:
        error.message.encode()
        return
    event = Event("run", "e", 1, draft.type, draft.json, draft.key, 0)

    assert event.data == data
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event.data)) == data
    assert b"\n" not in draft.json


def test_an_event_knows_its_position() -> None:
    """A reader that was told an event stands at its position."""
    event = Event("run", "life1", 17, "progress", b'{"a":1}', None, 0)

    assert event.position == Position("life1", 17)
    assert event.data == {"a": 1}


def test_the_recursion_limit_is_not_spent() -> None:
    """A draft can be made where the stack is nearly used up, or is refused as ever."""

    def deep(levels: int) -> Draft:
        return deep(levels - 1) if levels else Draft.of("progress", {"a": nested(50)})

    assert deep(sys.getrecursionlimit() // 2).json
