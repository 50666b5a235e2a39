"""Socket.IO v5 as its official conformance suite asks for it: the 32 cases, as transcripts of our own.

Where the suite would be content with the ping timeout closing a connection, these ask that it is closed at once.
"""

import pytest

from headway.protocols.engineio import Engine, Profile
from headway.protocols.engineio_packets import Refused, Transport, read_request
from headway.protocols.socketio import Connect, Connection, Emit, SocketEvent, Terms
from headway.testing.transcripts import (
    SocketStage,
    Transcript,
    answered,
    attached,
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
CONNECT_TIMEOUT = 1.0
INTERVALS = '"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}'
OPEN_POLLING = '0{"sid":"s","upgrades":["websocket"],' + INTERVALS
OPEN_WEBSOCKET = '0{"sid":"s","upgrades":[],' + INTERVALS
TWO_PLACEHOLDERS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
FIRST, SECOND = bytes((1, 2, 3)), bytes((4, 5, 6))


def suite_server(connection: Connection, event: SocketEvent) -> None:
    """The application the suite wants: two namespaces that tell the auth payload, an echo, an acknowledged echo."""
    match event:
        case Connect(namespace, auth):
            if namespace not in ("/", "/custom"):
                connection.refuse(namespace)
            elif connection.accept(namespace, "n"):
                connection.emit(namespace, "auth", auth)
        case Emit(namespace, "message", arguments):
            connection.emit(namespace, "message-back", *arguments)
        case Emit(namespace, "message-with-ack", arguments, int(ack_id)):
            connection.acknowledge(namespace, ack_id, *arguments)


def connection(transport: Transport) -> Connection:
    """A fresh connection with the suite's terms."""
    return Connection(Engine("s", transport, PROFILE, 0.0), Terms(connect_timeout=CONNECT_TIMEOUT), 0.0)


def polling() -> Transcript:
    """A session opened by a GET."""
    return play(SocketStage(connection(Transport.POLLING), suite_server)) >> polled() << answered(OPEN_POLLING)


def websocket() -> Transcript:
    """A session opened on a WebSocket."""
    return play(SocketStage(connection(Transport.WEBSOCKET), suite_server, opened=True)) << sent(OPEN_WEBSOCKET)


def upgraded() -> Transcript:
    """A session opened by a GET and moved to a WebSocket."""
    return polling() >> attached() >> received("2probe") << sent("3probe") >> received("5")


def joined() -> Transcript:
    """A WebSocket that has joined the main namespace."""
    return websocket() >> received("40") << sent('40{"sid":"n"}') << sent('42["auth",{}]')


def turned_down(method: str, query: str, *, websocket: bool = False) -> tuple[int, int]:
    """The protocol's code and the HTTP status by which a request without a session is refused."""
    with pytest.raises(Refused) as caught:
        read_request(method, query, websocket=websocket)
    return caught.value.refusal.code, caught.value.status


# The Engine.IO below.


def test_a_get_opens_a_session() -> None:
    """The first GET is answered by an open packet with exactly the five terms."""
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
    """A POST or PUT without a sid is answered by 400."""
    assert turned_down("POST", "EIO=4&transport=polling") == (2, 400)
    assert turned_down("PUT", "EIO=4&transport=polling") == (2, 400)


def test_a_websocket_opens_a_session() -> None:
    """The first message is an open packet with exactly the five terms, and no upgrades."""
    websocket() << nothing()


def test_another_protocol_version_gets_no_websocket_session() -> None:
    """A WebSocket handshake with a missing or unknown EIO is answered by 400 instead of 101."""
    assert turned_down("GET", "transport=websocket", websocket=True) == (5, 400)
    assert turned_down("GET", "EIO=abc&transport=websocket", websocket=True) == (5, 400)


def test_a_websocket_of_an_unknown_transport_gets_no_session() -> None:
    """A WebSocket handshake with a missing or unknown transport is answered by 400 instead of 101."""
    assert turned_down("GET", "EIO=4", websocket=True) == (0, 400)
    assert turned_down("GET", "EIO=4&transport=abc", websocket=True) == (0, 400)


def test_a_polling_session_lives_on_pongs_before_it_joins() -> None:
    """Three rounds of ping and pong pass within the connect timeout."""
    session = polling()
    for _ in range(3):
        session >> polled() >> tick(0.3) << answered("2") >> posted("3") << answered("ok")


def test_a_polling_session_without_pong_ends() -> None:
    """A GET that comes an interval and a timeout after the start is answered by 400."""
    polling() >> oversleep(0.5) >> polled() << refused(400)


def test_a_websocket_session_lives_on_pongs_before_it_joins() -> None:
    """Three rounds of ping and pong pass within the connect timeout."""
    session = websocket()
    for _ in range(3):
        session >> tick(0.3) << sent("2") >> received("3") << nothing()


def test_a_websocket_session_without_pong_ends() -> None:
    """The WebSocket is closed when the pong is overdue."""
    websocket() >> tick(0.5) << sent("2") << hung_up()


def test_a_client_closes_a_polling_session() -> None:
    """After a POSTed close packet the hanging GET gets a noop, and the session is gone."""
    polling() >> polled() >> posted("1") << answered("ok") << answered("6") >> polled() << refused(400)


def test_a_client_closes_a_websocket_session() -> None:
    """After a close packet the WebSocket is closed."""
    websocket() >> received("1") << hung_up()


def test_a_session_moves_from_polling_to_websocket() -> None:
    """A probe is answered, and the upgrade packet needs no answer."""
    upgraded() << nothing()


def test_a_poll_after_the_upgrade_is_refused() -> None:
    """It is answered by 400."""
    upgraded() >> polled() << refused(400) << nothing()


def test_a_second_websocket_after_the_upgrade_is_refused() -> None:
    """Its handshake is answered by 400."""
    upgraded() >> attached() << refused(400) << nothing()


# Connect.


def test_a_client_joins_the_main_namespace() -> None:
    """The answer holds a sid and nothing else, and precedes what the application emits."""
    websocket() >> received("40") << sent('40{"sid":"n"}') << sent('42["auth",{}]') << nothing()


def test_a_client_joins_the_main_namespace_with_a_payload() -> None:
    """The payload reaches the application."""
    session = websocket() >> received('40{"token":"123"}')

    session << sent('40{"sid":"n"}') << sent('42["auth",{"token":"123"}]') << nothing()


def test_a_client_joins_another_namespace() -> None:
    """It need not have joined the main namespace before."""
    session = websocket() >> received("40/custom,")

    session << sent('40/custom,{"sid":"n"}') << sent('42/custom,["auth",{}]') << nothing()


def test_a_client_joins_another_namespace_with_a_payload() -> None:
    """The payload reaches the application."""
    session = websocket() >> received('40/custom,{"token":"abc"}')

    session << sent('40/custom,{"sid":"n"}') << sent('42/custom,["auth",{"token":"abc"}]') << nothing()


def test_an_unknown_namespace_is_refused() -> None:
    """The client is told so by an object with a message, and stays connected."""
    websocket() >> received("40/random") << sent('44/random,{"message":"Invalid namespace"}') << nothing()


def test_a_packet_that_cannot_be_read_instead_of_connect_closes() -> None:
    """The connection is closed at once."""
    websocket() >> received("4abc") << hung_up()


def test_who_joins_nothing_is_closed() -> None:
    """Pongs alone do not keep a connection: it ends at the connect timeout."""
    session = websocket()
    for _ in range(3):
        session >> tick(0.3) << sent("2") >> received("3")

    session >> tick(0.09) << nothing() >> tick(0.01) << hung_up()


# Disconnect.


def test_a_client_leaves_the_main_namespace() -> None:
    """Nothing is answered, and the connection lives on: its pings go on."""
    joined() >> received("41") << nothing() >> tick(0.3) << sent("2")


def test_a_client_leaves_another_namespace() -> None:
    """It goes on talking in the main one."""
    session = joined() >> tick(0.3) << sent("2") >> received("40/custom")
    session << sent('40/custom,{"sid":"n"}') << sent('42/custom,["auth",{}]') >> received("41/custom") << nothing()

    session >> received('42["message","message to main namespace"]')
    session << sent('42["message-back","message to main namespace"]') << nothing()


# Messages.


def test_an_event_of_plain_values() -> None:
    """They come back as they were, in compact JSON."""
    session = joined() >> received('42["message",1,"2",{"3":[true]}]')

    session << sent('42["message-back",1,"2",{"3":[true]}]') << nothing()


def test_an_event_with_bytes() -> None:
    """Each of them travels as a binary message behind the packet that holds its place."""
    session = joined() >> received('452-["message",' + TWO_PLACEHOLDERS) >> received(FIRST) >> received(SECOND)

    session << sent('452-["message-back",' + TWO_PLACEHOLDERS) << sent(FIRST) << sent(SECOND) << nothing()


def test_an_event_with_an_acknowledgement() -> None:
    """The answer bears the id of the question."""
    session = joined() >> received('42456["message-with-ack",1,"2",{"3":[false]}]')

    session << sent('43456[1,"2",{"3":[false]}]') << nothing()


def test_an_event_with_bytes_and_an_acknowledgement() -> None:
    """The answer bears the id of the question, and its bytes travel behind it."""
    session = joined() >> received('452-789["message-with-ack",' + TWO_PLACEHOLDERS) >> received(FIRST)
    session >> received(SECOND)

    session << sent("462-789[" + TWO_PLACEHOLDERS) << sent(FIRST) << sent(SECOND) << nothing()


def test_an_unknown_packet_type_closes() -> None:
    """The connection is closed at once."""
    joined() >> received("4abc") << hung_up()


def test_an_event_that_is_no_array_closes() -> None:
    """The connection is closed at once."""
    joined() >> received("42{}") << hung_up()


def test_an_acknowledgement_id_that_is_no_number_closes() -> None:
    """The connection is closed at once."""
    joined() >> received('42abc["message-with-ack",1,"2",{"3":[false]}]') << hung_up()
