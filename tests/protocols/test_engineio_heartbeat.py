"""When a session pings, and when silence ends it."""

from hypothesis import given
from hypothesis import strategies as st

from headway.protocols.engineio_heartbeat import Beat, Heartbeat


def heartbeat() -> Heartbeat:
    """Every 25 seconds, with 20 to answer, from moment 0."""
    return Heartbeat(25, 20, 0)


def test_an_early_tick_asks_for_nothing() -> None:
    """Timers may fire too early."""
    beat = heartbeat()

    assert (beat.tick(24.9), beat.deadline()) == (Beat.NOTHING, 25)


def test_a_ping_then_silence() -> None:
    """The pong is due a timeout after the ping was, however late the tick came."""
    beat = heartbeat()

    assert (beat.tick(30), beat.deadline()) == (Beat.PING, 45)
    assert (beat.overdue(44.9), beat.overdue(45)) == (False, True)
    assert beat.tick(45) is Beat.SILENT


def test_a_pong_starts_the_next_interval() -> None:
    """One that nobody asked for does not."""
    beat = heartbeat()
    beat.ponged(10)
    assert beat.deadline() == 25
    beat.tick(25)
    beat.ponged(27)

    assert beat.deadline() == 52


def test_anything_heard_extends_the_wait_once() -> None:
    """And only while a pong is awaited."""
    beat = heartbeat()
    beat.heard(10)
    assert beat.deadline() == 25
    beat.tick(25)
    beat.heard(40)
    beat.heard(50)

    assert beat.deadline() == 60


def test_who_overslept_gives_the_whole_time() -> None:
    """A tick that comes after the pong was due starts the wait then."""
    beat = heartbeat()
    assert beat.overdue(45)

    assert (beat.tick(300), beat.deadline()) == (Beat.PING, 320)


@given(st.lists(st.tuples(st.sampled_from(["tick", "heard", "ponged"]), st.floats(0, 100)), max_size=30))
def test_silence_is_never_declared_early(story: list[tuple[str, float]]) -> None:
    """Whatever happens, between a ping and the end there is a whole timeout since the ping was due."""
    beat, now, due = heartbeat(), 0.0, 0.0
    for what, pause in story:
        now += pause
        if what == "tick":
            moment = beat.deadline()
            match beat.tick(now):
                case Beat.PING:
                    due = moment
                case Beat.SILENT:
                    assert now >= due + 20
                    return
                case Beat.NOTHING:
                    assert now < moment
        elif what == "heard":
            beat.heard(now)
        else:
            beat.ponged(now)
