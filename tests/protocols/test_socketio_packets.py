"""Socket.IO packets: what is read, what is refused, and the bytes every client shares."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import PeerError
from headway.protocols.socketio_packets import (
    MOST_ATTACHMENTS,
    Kind,
    Packet,
    decode,
    encode,
    event_packet,
    with_attachments,
)

PLACES = [{"_placeholder": True, "num": number} for number in range(MOST_ATTACHMENTS + 1)]

names = st.text(min_size=1, max_size=8).filter(lambda name: name not in ("connect", "disconnect"))
namespaces = st.sampled_from(["/", "/custom", "/a/b", "/a b", "/1"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("0", Packet(Kind.CONNECT)),
        ('0{"token":"a"}', Packet(Kind.CONNECT, data={"token": "a"})),
        ("0/custom", Packet(Kind.CONNECT, "/custom")),
        ('0/custom,{"token":"a"}', Packet(Kind.CONNECT, "/custom", data={"token": "a"})),
        ("1", Packet(Kind.DISCONNECT)),
        ("1/custom,", Packet(Kind.DISCONNECT, "/custom")),
        ('2["a",1]', Packet(Kind.EVENT, data=["a", 1])),
        ('2/custom,12["a"]', Packet(Kind.EVENT, "/custom", 12, ["a"])),
        ("30[]", Packet(Kind.ACK, id=0, data=[])),
        ('51-["a",{"_placeholder":true,"num":0}]', Packet(Kind.BINARY_EVENT, data=["a", PLACES[0]], attachments=1)),
        ('61-/x,7[{"_placeholder":true,"num":0}]', Packet(Kind.BINARY_ACK, "/x", 7, [PLACES[0]], 1)),
        ('2["a",{"_placeholder":true,"num":9}]', Packet(Kind.EVENT, data=["a", PLACES[9]])),  # plain data there
    ],
)
def test_packets_are_read(text: str, packet: Packet) -> None:
    """Namespace, id and payload may each be left out, as the kind allows."""
    assert decode(text) == packet


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "abc",
        "0[]",
        "0null",
        "01",
        "1{}",
        "12",
        "2",
        "2[]",
        "2{}",
        "2[1]",
        '2["connect"]',
        '2["disconnecting"]',
        '2["newListener"]',
        '2["a"',
        '2["a"]x',
        '2abc["a"]',
        '2-1["a"]',
        '29999999999999999999["a"]',
        '2٣["a"]',
        '21-["a"]',
        '2["\\ud800"]',
        "3[]",
        "31{}",
        '4{"message":"no"}',
        '5["a"]',
        '50-["a"]',
        '51-["a"]',
        '51-["a",{"_placeholder":true,"num":1}]',
        '51-["a",{"_placeholder":true,"num":-1}]',
        '51-["a",{"_placeholder":true,"num":"0"}]',
        '51-["a",{"_placeholder":true,"num":true}]',
        '51-["a",{"_placeholder":true}]',
        '52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]',
        '5999999999-["a",{"_placeholder":true,"num":0}]',
        "0/" + "n" * 255,
        "0/a\x1eb",
        '2["a",' + "[" * 65 + "]" * 65 + "]",
        "2" + "[" * 100_000,
        '2["a",' + "9" * 10_000 + "]",
        '2["a",1e999]',
    ],
)
def test_packets_that_make_no_sense_are_refused(text: str) -> None:
    """Whatever is wrong with it, the error is the protocol's."""
    with pytest.raises(PeerError):
        decode(text)


def test_attachments_are_bounded() -> None:
    """Ten are read, eleven are not."""
    ten = msgspec.json.encode(["a", *PLACES[:MOST_ATTACHMENTS]]).decode()
    eleven = msgspec.json.encode(["a", *PLACES]).decode()
    assert decode(f"510-{ten}").attachments == MOST_ATTACHMENTS

    with pytest.raises(PeerError):
        decode(f"511-{eleven}")


def test_wide_data_is_not_deep_data() -> None:
    """Many small objects beside each other are read; only nesting is bounded."""
    wide = ["a", [{} for _ in range(1_000)]]

    assert decode("2" + msgspec.json.encode(wide).decode()).data == wide


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing a client can say raises anything but the protocol's error."""
    for packet in (text, "2" + text, '51-["a",' + text):
        with contextlib.suppress(PeerError):
            decode(packet)


@given(namespaces, st.none() | st.integers(0, 2**53), names, st.lists(values, max_size=3))
def test_an_event_is_read_as_it_was_written(namespace: str, id: int | None, name: str, arguments: list[Any]) -> None:
    """Bytes anywhere in the data travel as attachments and come back to their places."""
    text, *attachments = encode(Packet(Kind.EVENT, namespace, id, [name, *arguments]))
    if len(attachments) > MOST_ATTACHMENTS:
        return
    assert isinstance(text, str)
    packet = decode(text)

    assert (packet.namespace, packet.id, packet.attachments) == (namespace, id, len(attachments))
    whole = [attachment for attachment in attachments if isinstance(attachment, bytes)]
    assert (with_attachments(packet.data, whole) if whole else packet.data) == [name, *arguments]


def test_a_broadcast_event_is_spliced() -> None:
    """The JSON text of the event stands in it as it is; the offset is the last argument, where there is one."""
    assert event_packet("progress", b'{"a":1}', None) == b'2["progress",{"a":1}]'
    assert event_packet("progress", b'{"a":1}', "7k.1") == b'2["progress",{"a":1},"7k.1"]'
    assert event_packet('say "hi"', b"{}", None, "/custom") == b'2/custom,["say \\"hi\\"",{}]'


def test_a_broadcast_event_is_an_ordinary_packet() -> None:
    """A client reads it as it reads any other."""
    assert decode(event_packet("a", b'{"b":[]}', "7k.1").decode()) == Packet(Kind.EVENT, data=["a", {"b": []}, "7k.1"])
