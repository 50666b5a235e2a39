"""Engine.IO on the wire: payloads, packets, requests, and how clients are told apart."""

import contextlib
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import PeerError
from headway.protocols.engineio_packets import (
    MOST_PACKETS,
    Packet,
    PacketType,
    Refused,
    Request,
    Transport,
    decode_packet,
    decode_payload,
    encode_payload,
    message,
    read_request,
    takes_offset,
)

PEERS = Path(__file__).parents[1] / "peers"
JAVASCRIPT = "import {io} from 'socket.io-client'; io(process.argv[1], %s)"
PYTHON = "import sys, socketio; socketio.SimpleClient().connect(sys.argv[1], transports=[%r])"

texts = st.text().filter(lambda text: "\x1e" not in text)
messages = st.lists(st.one_of(st.binary(), texts), min_size=1)


@given(messages)
def test_a_payload_is_read_as_it_was_written(sent: list[str | bytes]) -> None:
    """Text and bytes, in any number and order, come out of a payload as they went in."""
    wire = ["4" + data if isinstance(data, str) else data for data in sent]

    assert decode_payload(encode_payload(wire)) == [Packet(PacketType.MESSAGE, data) for data in sent]


@given(st.binary())
def test_any_body_is_read_or_refused(body: bytes) -> None:
    """Whatever is POSTed, the only error is the protocol's."""
    with contextlib.suppress(PeerError):
        decode_payload(body)


@given(st.one_of(st.text(), st.binary()))
def test_any_message_is_read_or_refused(data: str | bytes) -> None:
    """Whatever a WebSocket brings, the only error is the protocol's."""
    with contextlib.suppress(PeerError):
        decode_packet(data)


@pytest.mark.parametrize("body", [b"", b"4a\x1e", b"b***", b"bAQ", b"b\xc3\xa9", b"\xff", b"7", "٤".encode()])
def test_a_payload_is_taken_whole_or_not_at_all(body: bytes) -> None:
    """An empty packet, bad base64, bad UTF-8 or an unknown digit refuses the payload."""
    with pytest.raises(PeerError):
        decode_payload(body)


def test_a_payload_has_a_bounded_number_of_packets() -> None:
    """The most packets are read, one more is not."""
    most = b"\x1e".join([b"4"] * MOST_PACKETS)
    assert len(decode_payload(most)) == MOST_PACKETS

    with pytest.raises(PeerError):
        decode_payload(most + b"\x1e4")


def test_text_becomes_a_packet_by_its_digit() -> None:
    """The layer above prefixes what it broadcasts by `4`."""
    assert message(b'2["a"]') == b'42["a"]'


# Requests.


def test_a_request_names_its_session() -> None:
    """GET and POST with a sid are requests to that session."""
    wanted = Request("abc", Transport.POLLING)

    assert read_request("GET", "EIO=4&transport=polling&sid=abc&t=1", websocket=False) == wanted
    assert read_request("POST", "transport=polling&EIO=4&sid=abc", websocket=False) == wanted


@pytest.mark.parametrize(
    ("method", "query", "websocket", "code"),
    [
        ("PUT", "EIO=4&transport=polling&sid=a", False, 2),
        ("GET", "EIO=4&transport=websocket", False, 3),
        ("GET", "EIO=4&transport=polling", True, 3),
        ("GET", "EIO=3&transport=polling&sid=a", False, 5),
        ("GET", "EIO=4&transport=polling&j=0", False, 3),
        ("GET", "&".join(["EIO=4", "transport=polling"] + ["a=1"] * 100), False, 0),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(method: str, query: str, websocket: bool, code: int) -> None:
    """It is answered by the protocol's code and by 400, and the body says why."""
    with pytest.raises(Refused) as caught:
        read_request(method, query, websocket=websocket)

    assert (caught.value.refusal.code, caught.value.status) == (code, 400)
    assert caught.value.body.startswith(b'{"code":%d,"message":"' % code)


@given(st.text(), st.text(), st.booleans())
def test_any_request_is_read_or_refused(method: str, query: str, websocket: bool) -> None:
    """Whatever stands in a request line, the only error is a refusal."""
    takes_offset(query)
    with contextlib.suppress(Refused):
        read_request(method, query, websocket=websocket)


# Who takes an offset.


@pytest.mark.parametrize(
    ("query", "takes"),
    [
        ("EIO=4&transport=polling&t=m1x", True),  # engine.io-client, polling
        ("EIO=4&transport=websocket&sid=abc", True),  # engine.io-client, upgrading
        ("token=x&EIO=4&transport=websocket", True),  # engine.io-client with a query of its user's
        ("t=m1x&EIO=4&transport=polling", True),  # engine.io-client-java: the order of its HashMap
        ("transport=polling&EIO=4", False),  # python-engineio
        ("token=x&transport=websocket&EIO=4&sid=abc", False),  # python-engineio with a query of its user's
        ("EIO=4&transport=polling&transport=polling&EIO=4", False),  # its user's query repeats what it adds itself
        ("transport=polling&b64=1&EIO=4", False),  # socket.io-client-swift
        ("EIO=4", False),
        ("", False),
        ("EIO=4&transport=polling&recovery=0", False),
        ("recovery=1&transport=polling&EIO=4", True),
        ("EIO=4&transport=polling&recovery=perhaps", True),
    ],
)
def test_clients_are_told_apart_by_their_query(query: str, takes: bool) -> None:
    """The order of EIO and transport tells who bears one more argument; `recovery` overrides it; the unknown get
    none."""
    assert takes_offset(query) is takes


def first_query(*command: str | Path) -> str:
    """The query string of the first request a client makes to the URL that is its last argument."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(15)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        client = subprocess.Popen([*command, url], cwd=PEERS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            connection, _ = server.accept()
            with connection, connection.makefile() as lines:
                return lines.readline().split()[1].partition("?")[2]
        finally:
            client.kill()
            client.wait()


@pytest.mark.node
@pytest.mark.parametrize("options", ["{}", "{transports: ['websocket']}", "{query: {token: 'x'}}"])
def test_the_stock_javascript_client_takes_an_offset(options: str) -> None:
    """It is recognised by the request it really makes, whatever the transport and the user's query."""
    node = shutil.which("node") or str(Path(sys.executable).with_name("node"))

    assert takes_offset(first_query(node, "--input-type=module", "--eval", JAVASCRIPT % options))


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_the_python_client_takes_none(transport: str) -> None:
    """It is recognised by the request it really makes, whatever the transport."""
    assert not takes_offset(first_query(sys.executable, "-c", PYTHON % transport))
