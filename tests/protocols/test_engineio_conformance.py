"""Engine.IO v4 as its official conformance suite asks for it: the 25 cases, as transcripts of our own.

Where the suite accepts more than one outcome, or would be content with a later one, these ask for the exact and prompt
one.
"""

import pytest

from headway.protocols.engineio import Engine, Profile
from headway.protocols.engineio_packets import Refused, Transport, read_request
from headway.testing.transcripts import (
    EngineStage,
    Transcript,
    answered,
    attached,
    cancelled,
    echo,
    hung_up,
    nothing,
    oversleep,
    play,
    polled,
    posted,
    received,
    refused,
    sent,
    tick,
)

PROFILE = Profile(ping_interval=0.3, ping_timeout=0.2, max_payload=1_000_000)
TERMS = '"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}'
OPEN_POLLING = '0{"sid":"s","upgrades":["websocket"],' + TERMS
OPEN_WEBSOCKET = '0{"sid":"s","upgrades":[],' + TERMS
BINARY = bytes((1, 2, 3, 4))


def polling() -> Transcript:
    """A session opened by a GET."""
    return play(EngineStage(Engine("s", Transport.POLLING, PROFILE, 0.0), echo)) >> polled() << answered(OPEN_POLLING)


def websocket() -> Transcript:
    """A session opened on a WebSocket."""
    stage = EngineStage(Engine("s", Transport.WEBSOCKET, PROFILE, 0.0), echo, opened=True)
    return play(stage) << sent(OPEN_WEBSOCKET)


def turned_down(method: str, query: str, *, websocket: bool = False) -> tuple[int, int]:
    """The protocol's code and the HTTP status by which a request without a session is refused."""
    with pytest.raises(Refused) as caught:
        read_request(method, query, websocket=websocket)
    return caught.value.refusal.code, caught.value.status


# Handshake, polling.


def test_a_get_opens_a_session() -> None:
    """The first GET is answered by an open packet with exactly sid, upgrades, intervals and the largest payload."""
    request = read_request("GET", "EIO=4&transport=polling", websocket=False)
    assert (request.sid, request.transport) == (None, Transport.POLLING)

    polling() << nothing()


def test_another_protocol_version_gets_no_polling_session() -> None:
    """A GET with a missing or unknown EIO is answered by 400."""
    assert turned_down("GET", "transport=polling") == (5, 400)
    assert turned_down("GET", "EIO=abc&transport=polling") == (5, 400)


def test_an_unknown_transport_gets_no_session() -> None:
    """A GET with a missing or unknown transport is answered by 400."""
    assert turned_down("GET", "EIO=4") == (0, 400)
    assert turned_down("GET", "EIO=4&transport=abc") == (0, 400)


def test_only_a_get_opens_a_session() -> None:
    """A POST or PUT without a sid is answered by 400, not 405."""
    assert turned_down("POST", "EIO=4&transport=polling") == (2, 400)
    assert turned_down("PUT", "EIO=4&transport=polling") == (2, 400)


# Handshake, WebSocket.


def test_a_websocket_opens_a_session() -> None:
    """A WebSocket without a sid gets the open packet at once, without upgrades, and may leave by closing."""
    request = read_request("GET", "EIO=4&transport=websocket", websocket=True)
    assert (request.sid, request.transport) == (None, Transport.WEBSOCKET)

    websocket() << nothing()


def test_another_protocol_version_gets_no_websocket_session() -> None:
    """A WebSocket handshake with a missing or unknown EIO is answered by 400 instead of 101."""
    assert turned_down("GET", "transport=websocket", websocket=True) == (5, 400)
    assert turned_down("GET", "EIO=abc&transport=websocket", websocket=True) == (5, 400)


def test_a_websocket_of_an_unknown_transport_gets_no_session() -> None:
    """A WebSocket handshake with a missing or unknown transport is answered by 400 instead of 101."""
    assert turned_down("GET", "EIO=4", websocket=True) == (0, 400)
    assert turned_down("GET", "EIO=4&transport=abc", websocket=True) == (0, 400)


# Messages, polling.


def test_polling_carries_a_text() -> None:
    """A POST is answered by `ok`, and the next GET brings the echo."""
    polling() >> posted("4hello") << answered("ok") >> polled() << answered("4hello")


def test_polling_carries_several_texts_in_one_payload() -> None:
    """What is ready together comes in one payload, in the order it was sent."""
    texts = "4test1\x1e4test2\x1e4test3"

    polling() >> posted(texts) << answered("ok") >> polled() << answered(texts)


def test_polling_carries_text_and_bytes_in_one_payload() -> None:
    """Bytes travel as `b` and base64 with its padding, beside text."""
    mixed = "4hello\x1ebAQIDBA=="

    polling() >> posted(mixed) << answered("ok") >> polled() << answered(mixed)


def test_an_invalid_packet_ends_a_polling_session() -> None:
    """A POST that cannot be read is answered by 400, and the session is gone."""
    polling() >> posted("abc") << refused(400) >> polled() << refused(400)


def test_a_second_hanging_poll_ends_the_session() -> None:
    """Of two GETs at a time the first gets a close packet, the second 400, and the session is gone."""
    polling() >> polled() << nothing() >> polled() << answered("1") << refused(400) >> polled() << refused(400)


def test_a_cancelled_poll_ends_the_session() -> None:
    """A GET after one that the client gave up is answered by 400."""
    polling() >> polled() >> cancelled() << nothing() >> polled() << refused(400)


# Messages, WebSocket.


def test_a_websocket_carries_a_text() -> None:
    """A text message is echoed as one text message."""
    websocket() >> received("4hello") << sent("4hello") << nothing()


def test_a_websocket_carries_bytes() -> None:
    """A binary message is echoed as one binary message, without a packet type."""
    websocket() >> received(BINARY) << sent(BINARY) << nothing()


def test_an_invalid_packet_ends_a_websocket_session() -> None:
    """The WebSocket is closed at once, before any ping is due."""
    websocket() >> received("abc") << hung_up()


# Heartbeat.


def test_a_polling_session_lives_on_pongs() -> None:
    """Each interval the hanging GET brings a ping, and a POSTed pong starts the next interval."""
    session = polling()
    for _ in range(3):
        session >> polled() >> tick(0.29) >> tick(0.01) << answered("2") >> tick(0.05) >> posted("3") << answered("ok")


def test_a_polling_session_without_pong_ends() -> None:
    """A GET that comes an interval and a timeout after the start is answered by 400, even if no timer has fired."""
    polling() >> oversleep(0.5) >> polled() << refused(400)
    polling() >> tick(0.5) >> polled() << refused(400)


def test_a_websocket_session_lives_on_pongs() -> None:
    """Each interval brings exactly one ping, and a pong starts the next interval."""
    session = websocket()
    for _ in range(3):
        session >> tick(0.3) << sent("2") >> tick(0.05) >> received("3") << nothing()


def test_a_websocket_session_without_pong_ends() -> None:
    """The WebSocket is closed when the pong is overdue, not before."""
    websocket() >> tick(0.3) << sent("2") >> tick(0.19) << nothing() >> tick(0.01) << hung_up()


# Close.


def test_a_client_closes_a_polling_session() -> None:
    """After a POSTed close packet the hanging GET gets a noop, and the session is gone."""
    polling() >> polled() >> posted("1") << answered("ok") << answered("6") >> polled() << refused(400)


def test_a_client_closes_a_websocket_session() -> None:
    """After a close packet the WebSocket is closed."""
    websocket() >> received("1") << hung_up()


# Upgrade.


def test_a_session_moves_from_polling_to_websocket() -> None:
    """A probe is answered, the next GET gets a noop at once, and after the upgrade packet messages go by WebSocket."""
    session = polling() >> attached() << nothing() >> received("2probe") << sent("3probe")

    session >> polled() << answered("6") >> received("5") >> received("4hello") << sent("4hello") << nothing()


def test_a_poll_after_the_upgrade_is_refused() -> None:
    """It is answered by 400, and the session lives on by WebSocket."""
    session = polling() >> attached() >> received("2probe") << sent("3probe") >> received("5")

    session >> polled() << refused(400) >> received("4hello") << sent("4hello")


def test_a_second_websocket_after_the_upgrade_is_refused() -> None:
    """Its handshake is answered by 400, and the session lives on by the first."""
    session = polling() >> attached() >> received("2probe") << sent("3probe") >> received("5")

    session >> attached() << refused(400) >> received("4hello") << sent("4hello")
