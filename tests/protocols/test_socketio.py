"""One Socket.IO connection, beyond the official cases: namespaces, answers that come late, attachments, recovery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.weight import held
from headway.protocols.engineio import Closed, Engine, Profile, Reason, Upgraded
from headway.protocols.engineio_packets import Transport
from headway.protocols.socketio import (
    TRANSITIONS,
    Ack,
    Connect,
    Connection,
    Disconnect,
    Emit,
    SocketEvent,
    Standing,
    Terms,
    Trigger,
)
from headway.testing.transcripts import (
    SocketStage,
    Transcript,
    answered,
    attached,
    done,
    hung_up,
    nothing,
    play,
    polled,
    posted,
    received,
    sent,
    tick,
)

PROFILE = Profile(ping_interval=25, ping_timeout=20, max_payload=1_000, outbox_bytes=1_000)
TERMS = Terms(connect_timeout=10, binary_bytes=100, namespaces=3)
OPEN = '0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}'
OPEN_POLLING = OPEN.replace("[]", '["websocket"]')
ONE_PLACE = '51-["file",{"_placeholder":true,"num":0}]'


class Application:
    """An application that answers only when the test does, and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[SocketEvent] = []

    def __call__(self, connection: Connection, event: SocketEvent) -> None:
        self.told.append(event)


class Scene:
    """A connection, its application, and the transcript of its WebSocket."""

    def __init__(self, transport: Transport = Transport.WEBSOCKET) -> None:
        self.connection = Connection(Engine("s", transport, PROFILE, 0.0), TERMS, 0.0)
        self.application = Application()
        self.stage = SocketStage(self.connection, self.application, opened=transport is Transport.WEBSOCKET)
        self.transcript: Transcript = play(self.stage)
        if transport is Transport.WEBSOCKET:
            self.transcript << sent(OPEN)
        else:
            self.transcript >> polled() << answered(OPEN_POLLING)

    @property
    def told(self) -> list[SocketEvent]:
        """What the application was told."""
        return self.application.told

    def joined(self, namespace: str = "/") -> "Scene":
        """Join a namespace."""
        rest = "" if namespace == "/" else f"{namespace},"
        self.transcript >> received("40" + rest) >> done(lambda: self.connection.accept(namespace, "n"))
        self.transcript << sent("40" + rest + '{"sid":"n"}')
        self.told.clear()
        return self


# Joining.


def test_the_pid_of_a_recovery_travels_both_ways() -> None:
    """What a returning client says reaches the shell; the answer names the pid it may return with."""
    scene = Scene()
    scene.transcript >> received('40{"pid":"p","offset":"7k.1","token":"t"}')
    assert scene.told == [Connect("/", {"pid": "p", "offset": "7k.1", "token": "t"})]

    scene.transcript >> done(lambda: scene.connection.accept("/", "n", "p")) << sent('40{"sid":"n","pid":"p"}')


def test_an_auth_payload_does_not_show() -> None:
    """It may hold a token, and events are printed in logs."""
    assert "secret" not in repr(Connect("/", {"token": "secret"}))


def test_a_refusal_can_carry_data() -> None:
    """The client may ask again afterwards."""
    scene = Scene()
    refuse = done(lambda: scene.connection.refuse("/", "no token", {"code": "unauthorized"}))

    scene.transcript >> received("40") >> refuse << sent('44{"message":"no token","data":{"code":"unauthorized"}}')
    scene.transcript >> received("40") << nothing()
    assert scene.told == [Connect("/", {}), Connect("/", {})]


def test_nothing_is_emitted_before_the_client_has_joined() -> None:
    """What the application says too early is not sent, and it is told so."""
    scene = Scene()
    scene.transcript >> received("40")

    assert not scene.connection.emit("/", "a")
    assert not scene.connection.acknowledge("/", 1)
    assert not scene.connection.disconnect("/")
    assert scene.connection.namespaces() == []
    scene.transcript >> tick(0) << nothing()


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    """The client has left the namespace, or is gone."""
    scene = Scene()
    scene.transcript >> received("40") >> received("41") << nothing()
    assert scene.told == [Connect("/", {}), Disconnect("/")]
    assert not scene.connection.accept("/", "n")
    assert not scene.connection.refuse("/")

    scene.transcript >> received("40")
    scene.connection.close()
    assert not scene.connection.accept("/", "n")


@pytest.mark.parametrize("packet", ["40", '42["a"]', "431[]"])
def test_a_client_waits_for_its_answer(packet: str) -> None:
    """Whoever asks again, or talks, before it has joined is closed."""
    scene = Scene()

    scene.transcript >> received("40") >> received(packet) << hung_up()


@pytest.mark.parametrize("packet", ['42["a"]', "431[]", "41", '42/custom,["a"]'])
def test_nobody_talks_in_a_namespace_it_has_nothing_to_do_with(packet: str) -> None:
    """The connection is closed."""
    scene = Scene()

    scene.transcript >> received(packet) << hung_up()
    assert scene.told == [Closed(Reason.INVALID)]


def test_a_client_does_not_join_twice() -> None:
    """A second CONNECT to the same namespace closes."""
    Scene().joined().transcript >> received("40") << hung_up()


def test_namespaces_are_bounded() -> None:
    """One more than allowed closes."""
    scene = Scene().joined().joined("/a").joined("/b")
    assert scene.connection.namespaces() == ["/", "/a", "/b"]

    scene.transcript >> received("40/c") << hung_up()


def test_who_has_joined_stays_beyond_the_connect_timeout() -> None:
    """And who leaves its last namespace has the same time again."""
    scene = Scene().joined()
    scene.transcript >> tick(20) << nothing() >> received("41") >> tick(4) << nothing()

    scene.transcript >> tick(1) << sent("2") >> received("3") >> tick(5) << hung_up()
    assert scene.told == [Disconnect("/"), Closed(Reason.NO_CONNECT)]


# Talking.


def test_questions_and_answers_go_both_ways() -> None:
    """An event may bear an id, and the answer bears the same."""
    scene = Scene().joined()
    ask = done(lambda: scene.connection.emit("/", "ask", {"a": 1}, ack_id=7))

    scene.transcript >> ask << sent('427["ask",{"a":1}]') >> received('437["yes"]') >> received('428["ask"]')
    assert scene.told == [Ack("/", 7, ["yes"]), Emit("/", "ask", [], 8)]
    scene.transcript >> done(lambda: scene.connection.acknowledge("/", 8, b"no"))
    scene.transcript << sent('461-8[{"_placeholder":true,"num":0}]') << sent(b"no")


def test_the_server_puts_a_client_out_of_a_namespace() -> None:
    """It is told so, and the connection stays for the others."""
    scene = Scene().joined().joined("/a")

    scene.transcript >> done(lambda: scene.connection.disconnect("/a")) << sent("41/a,") >> received('42["a"]')
    assert scene.told == [Emit("/", "a", [])]


def test_the_upgrade_is_told() -> None:
    """The shell changes the carrier of its readers then."""
    scene = Scene(Transport.POLLING)

    scene.transcript >> attached() >> received("2probe") << sent("3probe") >> received("5")
    assert scene.told == [Upgraded()]


# Attachments.


def test_an_event_is_told_when_its_last_attachment_has_come() -> None:
    """Not before, over a WebSocket as over polling."""
    scene = Scene().joined()
    scene.transcript >> received("4" + ONE_PLACE)
    assert scene.told == []
    scene.transcript >> received(b"\x01\x02")
    assert scene.told == [Emit("/", "file", [b"\x01\x02"])]
    scene.transcript >> received("4" + ONE_PLACE) >> received(b"\x03")
    assert scene.told[1:] == [Emit("/", "file", [b"\x03"])]

    polling = Scene(Transport.POLLING)
    polling.transcript >> posted("40") << answered("ok") >> done(lambda: polling.connection.accept("/", "n"))
    polling.transcript >> posted(f"4{ONE_PLACE}\x1ebAQI=") << answered("ok")
    assert polling.told == [Connect("/", {}), Emit("/", "file", [b"\x01\x02"])]


@pytest.mark.parametrize(
    "story",
    [
        [b"\x01"],
        ["4" + ONE_PLACE, '42["a"]'],
        ["4" + ONE_PLACE, b"x" * 100],
        ["4" + ONE_PLACE, b"x", b"x"],
        ["4510-" + ONE_PLACE.partition("-")[2]],
    ],
    ids=["unannounced", "interrupted", "too many bytes", "one too many", "too few places"],
)
def test_attachments_that_do_not_fit_close(story: list[str | bytes]) -> None:
    """And nothing of such a packet is told."""
    scene = Scene().joined()
    for data in story:
        scene.transcript >> received(data)

    scene.transcript << hung_up()
    assert [event for event in scene.told if not isinstance(event, Emit)] == [Closed(Reason.INVALID)]


def test_a_packet_that_waits_for_its_attachments_weighs_what_its_text_does() -> None:
    """Taken apart, a megabyte of `[],[],[]` weighs forty, and who never sends the attachment would have us hold it."""
    scene = Scene().joined()
    before = held(scene.connection)

    scene.transcript >> received("4" + ONE_PLACE.removesuffix("]") + ",[]" * 18 + "]")

    assert held(scene.connection) - before < 300
    scene.transcript >> received(b"x")
    assert scene.told == [Emit("/", "file", [b"x", *[[]] * 18])]


def test_nothing_is_told_after_what_broke_the_protocol() -> None:
    """The rest of the same payload is passed over."""
    scene = Scene(Transport.POLLING)

    scene.transcript >> posted("40\x1e4abc\x1e40/custom") << answered("ok")
    assert scene.told == [Connect("/", {}), Closed(Reason.INVALID)]


# Everything.


def test_only_who_has_joined_can_talk() -> None:
    """The table says so."""
    assert [standing for standing, trigger in TRANSITIONS if trigger is Trigger.TALK] == [Standing.JOINED]


packets = st.one_of(
    st.sampled_from(["40", "41", "40/a,", "41/a", '42["a"]', '421["a",{}]', "431[]", "4" + ONE_PLACE, "3", "1"]),
    st.text(max_size=6).map(lambda text: "4" + text),
    st.text(max_size=6).map(lambda text: '42["' + text),
    st.binary(max_size=6),
)


@given(st.lists(packets, max_size=20), st.booleans())
def test_whatever_a_client_says_it_is_served_or_closed(story: list[str | bytes], accepting: bool) -> None:
    """Nothing raises; `Closed` is told once and last; who has joined can be emitted to."""
    told: list[SocketEvent] = []

    def application(connection: Connection, event: SocketEvent) -> None:
        told.append(event)
        if isinstance(event, Connect) and accepting:
            assert connection.accept(event.namespace, "n")

    connection = Connection(Engine("s", Transport.WEBSOCKET, PROFILE, 0.0), TERMS, 0.0)
    stage = SocketStage(connection, application, opened=True)
    for data in story:
        stage.receive(data)

    assert [isinstance(event, Closed) for event in told[:-1]] == [False] * len(told[:-1])
    closed = bool(told) and isinstance(told[-1], Closed)
    assert (connection.deadline() is None) is closed
    assert all(connection.emit(namespace, "still here") is not closed for namespace in connection.namespaces())
