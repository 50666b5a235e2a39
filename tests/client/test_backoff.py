"""When a client comes back."""

from headway.client.backoff import Backoff


def test_delays_grow_up_to_a_bound() -> None:
    """Each failed attempt doubles the most a client waits, up to a bound."""
    backoff = Backoff(lambda: 1.0, first=0.5, most=3.0)

    assert [backoff.next() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_jitter_is_full() -> None:
    """Any moment from now to the bound is possible."""
    backoff = Backoff(iter([0.0, 0.25]).__next__, first=1.0, most=20.0)

    assert [backoff.next(), backoff.next()] == [0.0, 0.5]


def test_jitter_survives_the_bound() -> None:
    """However long the outage was, clients that were cut together do not return together."""
    backoff = Backoff(iter([0.5] * 10 + [0.1, 0.9]).__next__, first=0.5, most=4.0)
    for _ in range(10):
        backoff.next()

    assert [backoff.next(), backoff.next()] == [0.4, 3.6]


def test_a_hint_is_honoured() -> None:
    """A client never comes back before the server wants it, and not all do in the same moment."""
    backoff = Backoff(iter([0.0, 1.0]).__next__, first=0.5, most=20.0)

    assert [backoff.next(8.0), backoff.next(2.0)] == [8.0, 2.5]


def test_a_hint_of_nothing_does_not_switch_the_backoff_off() -> None:
    """A server that fails and says "at once" is not run down."""
    backoff = Backoff(lambda: 1.0, first=0.5, most=20.0)

    assert [backoff.next(0.0), backoff.next(0.0), backoff.next(0.1)] == [0.5, 1.0, 2.0]


def test_a_connection_that_stood_begins_anew() -> None:
    """After a connection stood, the next cut is bridged as quickly as the first."""
    backoff = Backoff(lambda: 1.0, first=0.5, most=20.0)
    backoff.next()
    backoff.next()

    backoff.reset()

    assert backoff.next() == 0.5
