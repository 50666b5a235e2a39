"""One Engine.IO session, beyond the official cases: carriers, bounds, heartbeats that are late, upgrades that fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.weight import held
from headway.errors import UsageError
from headway.protocols.engineio import (
    POLL_EVENTS,
    POLL_PACKETS,
    TRANSITIONS,
    Carrier,
    Closed,
    Engine,
    Profile,
    Reason,
    Received,
    State,
    Trigger,
)
from headway.protocols.engineio_packets import Refused, Transport
from headway.testing.transcripts import (
    EngineStage,
    Step,
    Transcript,
    answered,
    attached,
    broadcast,
    cancelled,
    done,
    echo,
    hung_up,
    lost,
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

# The outbox holds ten packets of 100 bytes, with the 64 that each costs beside.
PROFILE = Profile(ping_interval=25, ping_timeout=20, max_payload=100, upgrade_timeout=10, outbox_bytes=1_640)
TERMS = '"pingInterval":25000,"pingTimeout":20000,"maxPayload":100}'
EVENT = '42["progress",{}]'


def engine(transport: Transport) -> Engine:
    """A fresh session."""
    return Engine("s", transport, PROFILE, 0.0)


def polling(session: Engine | None = None) -> Transcript:
    """A session opened by a GET."""
    stage = EngineStage(session or engine(Transport.POLLING), echo)
    return play(stage) >> polled() << answered('0{"sid":"s","upgrades":["websocket"],' + TERMS)


def websocket(session: Engine | None = None) -> Transcript:
    """A session opened on a WebSocket."""
    stage = EngineStage(session or engine(Transport.WEBSOCKET), echo, opened=True)
    return play(stage) << sent('0{"sid":"s","upgrades":[],' + TERMS)


def carrier(session: Engine) -> Carrier:
    """What can carry an event now; by a call, since a type checker believes that an attribute keeps its value."""
    return session.carrier


def upgrading(session: Engine | None = None) -> Transcript:
    """A session whose WebSocket has been tried."""
    return polling(session) >> attached() >> received("2probe") << sent("3probe")


# Broadcasts.


def test_a_broadcast_goes_by_the_hanging_poll_or_not_at_all() -> None:
    """Between two polls nothing carries it, so the cursor of the reader stays."""
    session = polling() >> broadcast(EVENT, written=False) >> polled() >> broadcast(EVENT) << answered(EVENT)

    session >> broadcast(EVENT, written=False) << nothing()


def test_a_broadcast_goes_by_the_websocket() -> None:
    """Once the WebSocket is the carrier, it is written there."""
    websocket() >> broadcast(EVENT) << sent(EVENT)


def test_a_broadcast_waits_while_the_carrier_changes() -> None:
    """From the answered probe to the upgrade nothing carries it; before the probe, polling does."""
    session = polling() >> polled() >> attached() >> broadcast(EVENT) << answered(EVENT)
    session >> received("2probe") << sent("3probe") >> polled() << answered("6") >> broadcast(EVENT, written=False)

    session >> received("5") >> broadcast(EVENT) << sent(EVENT)


def test_own_packets_precede_the_broadcast_in_one_answer() -> None:
    """What the machine has to say comes first, then the events, in one payload."""
    session = engine(Transport.POLLING)
    session.poll(0)
    session.answer()
    session.send("own")
    session.poll(0)

    assert carrier(session) is Carrier.POLL
    assert session.answer(b"4a\x1e4b") == b"4own\x1e4a\x1e4b"
    assert carrier(session) is Carrier.NONE


def test_an_answer_has_no_more_packets_than_the_python_client_takes() -> None:
    """A long outbox is taken in several answers, in order; while it is long no event is joined to them."""
    session = engine(Transport.POLLING)
    session.poll(0)
    session.answer()
    for number in range(POLL_PACKETS + 1):
        session.send(str(number))
    session.poll(0)

    assert carrier(session) is Carrier.NONE
    assert session.answer().split(b"\x1e") == [b"4%d" % number for number in range(POLL_PACKETS)]
    session.poll(0)
    assert carrier(session) is Carrier.POLL
    events = b"\x1e".join([b"4e"] * POLL_EVENTS)
    assert session.answer(events) == b"4%d\x1e" % POLL_PACKETS + events


def test_events_that_do_not_fit_into_one_answer_are_not_lost() -> None:
    """Order and every packet are kept; the rest comes with the next poll."""
    session = engine(Transport.POLLING)
    session.poll(0)
    session.answer()
    session.poll(0)
    own = [f"4own{number}" for number in range(POLL_PACKETS - 1)]
    for packet in own:
        session.send(packet[1:])

    assert session.answer("4a\x1e4é\x1e4b".encode()).decode().split("\x1e") == [*own, "4a"]
    session.poll(0)
    assert session.answer_due
    assert session.answer(b"4c").decode() == "4é\x1e4b\x1e4c"


def test_nothing_can_be_answered_when_no_poll_hangs() -> None:
    """A shell that answers twice is told so."""
    with pytest.raises(UsageError):
        engine(Transport.POLLING).answer()


# Bounds.


def test_a_client_that_takes_nothing_is_closed() -> None:
    """The machine's own packets are bounded by bytes; beyond that the session ends."""
    session = polling()
    for _ in range(10):
        session >> posted("4" + "x" * 99) << answered("ok")

    session >> posted("4" + "x" * 99) << answered("ok") >> polled() << refused()


def test_many_tiny_packets_weigh_what_they_cost() -> None:
    """A client that asks for answers of a few bytes and takes none is closed before they cost many times the bound."""
    session = engine(Transport.POLLING)
    while session.state is not State.CLOSED:
        before = held(session)
        session.send(f"{len(session.events())}[]")

    assert before < 3_000 + 1.25 * PROFILE.outbox_bytes


def test_one_large_packet_always_fits() -> None:
    """An empty outbox takes any packet, so that a large answer does not close by itself."""
    large = "x" * 5_000
    session = engine(Transport.POLLING)
    transcript = polling(session) >> done(lambda: session.send(large))

    transcript >> polled() << answered("4" + large)


def test_a_payload_that_is_too_large_is_refused() -> None:
    """It is answered by 413, and the session is closed, for something is lost."""
    polling() >> posted("4" + "x" * 100) << refused(413) >> polled() << refused()


def test_a_message_that_is_too_large_closes() -> None:
    """Characters count as their bytes."""
    websocket() >> received("4" + "é" * 49) << sent("4" + "é" * 49) >> received("4" + "é" * 50) << hung_up()


@pytest.mark.parametrize("packet", ["", "0", "2", "2probe", "5", "7", "hello"])
def test_packets_only_a_server_sends_close(packet: str) -> None:
    """Open, ping, upgrade out of place, and what is no packet at all."""
    websocket() >> received(packet) << hung_up()
    polling() >> posted(packet) << refused()


def test_a_noop_or_an_unasked_pong_changes_nothing() -> None:
    """Neither is an error, nor does it move the next ping."""
    websocket() >> tick(10) >> received("3") >> received("6") << nothing() >> tick(15) << sent("2")


# Closing.


def test_the_server_closes_a_polling_session() -> None:
    """A hanging GET gets what is queued, then a close packet; no later GET gets anything."""
    session = engine(Transport.POLLING)

    polling(session) >> polled() >> done(session.close) << answered("1") >> polled() << refused()


def test_the_server_closes_a_websocket_session() -> None:
    """What is queued is sent before the WebSocket is closed."""
    session = engine(Transport.WEBSOCKET)

    def farewell() -> None:
        session.send("bye")
        session.close()

    websocket(session) >> done(farewell) << sent("4bye") << hung_up()


def test_a_broken_websocket_ends_its_session() -> None:
    """The layer above is told, once."""
    session = engine(Transport.WEBSOCKET)
    session.detach()
    session.detach()

    assert session.events() == [Closed(Reason.LOST)]


def test_messages_before_a_close_packet_are_still_told() -> None:
    """A client that says something and leaves in one payload is heard; what follows the close is not."""
    session = engine(Transport.POLLING)

    assert session.post(b"4a\x1e1\x1e4b", 1.0) == b"ok"
    assert session.events() == [Received("a"), Closed(Reason.CLIENT)]


def test_what_is_said_to_a_closed_session_is_passed_over() -> None:
    """By the client, which may not know yet, as by the application."""
    session = engine(Transport.WEBSOCKET)
    session.close()
    session.to_socket()
    session.receive("4a", 1.0)
    session.send("b")
    session.close()

    assert session.events() == [Closed(Reason.SERVER)]
    assert session.to_socket() == []


def test_a_session_that_ends_while_probing_ends_both() -> None:
    """The hanging GET gets a close packet, and the WebSocket is closed without a word."""
    session = engine(Transport.POLLING)

    polling(session) >> attached() >> polled() >> done(session.close) << hung_up() << answered("1")


def test_a_farewell_nobody_waits_for_is_dropped() -> None:
    """The GET it was meant for was given up, and it does not stray to a WebSocket."""
    session = engine(Transport.POLLING)
    session.poll(0)
    session.answer()
    session.attach(0)
    session.poll(0)
    session.close()
    session.cancel()

    assert session.to_socket() == []
    assert not session.answer_due


def test_a_poll_that_hangs_when_an_upgraded_session_ends_is_released() -> None:
    """Even if the shell had no time to answer it in between."""
    session = engine(Transport.POLLING)
    session.poll(0)
    session.answer()
    session.attach(0)
    session.receive("2probe", 0)
    session.poll(0)
    session.receive("5", 0)
    session.receive("1", 0)

    assert session.answer_due
    assert session.answer() == b"6"


# Heartbeat.


def test_the_timeout_runs_from_the_moment_the_ping_was_due() -> None:
    """A ping that no poll has fetched makes the session end all the same."""
    polling() >> tick(44.9) >> polled() << answered("2") >> tick(0.1) >> polled() << refused()


def test_a_server_that_overslept_gives_its_clients_their_whole_time() -> None:
    """The silence was ours, not theirs."""
    websocket() >> oversleep(300) >> tick(0) << sent("2") >> tick(19.9) << nothing() >> tick(0.1) << hung_up()


def test_a_message_while_a_pong_is_awaited_extends_the_wait_once() -> None:
    """A slow line busy with a large message is alive; but messages without pongs do not keep a session for ever."""
    session = websocket() >> tick(25) << sent("2") >> tick(15) >> received("4a") << sent("4a")

    session >> tick(15) >> received("4b") << sent("4b") >> tick(4.9) << nothing() >> tick(0.1) << hung_up()


def test_the_deadline_is_the_next_ping_then_the_pong() -> None:
    """A closed session has none."""
    session = engine(Transport.WEBSOCKET)
    assert session.deadline() == 25
    session.tick(24)
    assert session.deadline() == 25
    session.tick(25)
    assert session.deadline() == 45
    session.tick(45)

    assert session.deadline() is None


# Upgrade.


def test_the_hanging_poll_is_released_by_the_probe() -> None:
    """The client cannot change carriers before its GET is answered."""
    polling() >> attached() >> polled() << nothing() >> received("2probe") << sent("3probe") << answered("6")


def test_polls_of_an_upgrade_are_answered_by_and_by() -> None:
    """The first one at once, later ones after a tenth of a second, so that a client that goes on polling does not
    spin."""
    session = upgrading() >> polled() << answered("6") >> polled() << nothing() >> tick(0.09) << nothing()

    session >> tick(0.01) << answered("6")


def test_a_poll_that_hangs_at_the_upgrade_is_released() -> None:
    """It gets a noop, and what is queued goes by WebSocket."""
    upgrading() >> polled() << answered("6") >> polled() >> received("5") << answered("6")


def test_own_packets_may_go_by_poll_during_an_upgrade() -> None:
    """They need not wait: the client reads its polls to the end."""
    upgrading() >> posted("4a") << answered("ok") >> polled() << answered("4a")


def test_own_packets_nobody_polled_go_by_websocket() -> None:
    """What is queued at the upgrade is the first thing the WebSocket carries."""
    upgrading() >> posted("4a") << answered("ok") >> received("5") << sent("4a")


@pytest.mark.parametrize("nonsense", ["5", "4a", "3probe", "", b"2probe"])
def test_a_websocket_that_says_something_else_is_dropped(nonsense: str | bytes) -> None:
    """Polling goes on without it, and another WebSocket may try."""
    session = polling() >> attached() >> received(nonsense) << hung_up()

    session >> posted("4a") << answered("ok") >> polled() << answered("4a") >> attached() >> received("2probe")
    session << sent("3probe")


def test_an_upgrade_that_breaks_leaves_polling_as_it_was() -> None:
    """Broadcasts go by poll again."""
    upgrading() >> lost() >> polled() << nothing() >> broadcast(EVENT) << answered(EVENT)


def test_an_upgrade_that_is_not_completed_in_time_is_given_up() -> None:
    """The WebSocket is closed, and polling goes on."""
    upgrading() >> tick(9.9) << nothing() >> tick(0.1) << hung_up() >> polled() >> broadcast(EVENT) << answered(EVENT)


def test_only_one_websocket_may_try() -> None:
    """A second one is refused, and the first goes on."""
    polling() >> attached() >> attached() << refused() >> received("2probe") << sent("3probe")


def test_a_poll_cancelled_during_an_upgrade_ends_the_session() -> None:
    """Nobody knows what it would have carried; the WebSocket is closed too."""
    upgrading() >> polled() << answered("6") >> polled() >> cancelled() << hung_up() >> polled() << refused()


# Everything else.


def test_every_state_can_be_closed() -> None:
    """And nothing leads out of closed."""
    assert {state for state, trigger in TRANSITIONS if trigger is Trigger.CLOSE} == set(State) - {State.CLOSED}
    assert not [state for state, _ in TRANSITIONS if state is State.CLOSED]


steps: st.SearchStrategy[Step] = st.one_of(
    st.one_of(
        st.sampled_from(["2probe", "5", "3", "1", "6", "4a", "4b"]), st.text(max_size=3), st.binary(max_size=3)
    ).map(received),
    st.one_of(st.sampled_from([b"3", b"4a", b"4a\x1e4b", b"1", b"6"]), st.binary(max_size=3)).map(posted),
    st.sampled_from([polled(), polled(), attached(), lost(), cancelled()]),
    st.sampled_from([0.0, 0.1, 5.0, 25.0]).map(tick),
    st.sampled_from([1.0, 30.0, 60.0]).map(oversleep),
)


@given(st.sampled_from(Transport), st.lists(steps, max_size=30))
def test_whatever_happens_the_session_is_usable_or_closed(transport: Transport, story: list[Step]) -> None:
    """Nothing raises but refusals; an open session has a deadline and takes messages; a closed one refuses and is
    silent."""
    session = engine(transport)
    stage = EngineStage(session, echo, opened=transport is Transport.WEBSOCKET)
    for step in story:
        step(stage)

    stage.seen.clear()
    if session.state is State.CLOSED:
        assert session.deadline() is None
        assert not session.wants_socket
        assert not session.answer_due
        stage.detach()
        stage.tick()
        with pytest.raises(Refused):
            session.poll(stage.now)
        assert stage.seen == []
    else:
        assert session.deadline() is not None
        before = session.state
        session.send("still here")
        assert session.state is before
        assert len(session.to_socket()) == 1 or session.answer_due or not session.hanging
