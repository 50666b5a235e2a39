"""How fast requests go out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.errors import UsageError
from headway.pingone.limiter import Limiter, Limiters, Pace
from headway.pingone.regions import Addresses, Region
from headway.testing.clock import FakeClock

EU = Region.EU.addresses
SANDBOX = Addresses("http://127.0.0.1:9/v1", "http://127.0.0.1:9")


def sent(pace: Pace, start: float, end: float) -> int:
    """Requests that go out in this time if there are always some."""
    now, count = start, 0
    while now < end:
        wait = pace.wait(now)
        if wait:
            now += wait
        else:
            pace.take(now)
            count += 1
    return count


@settings(deadline=None, max_examples=50)
@given(st.floats(0.5, 100))
def test_the_rate_is_kept(rate: float) -> None:
    """In ten seconds go out ten times the rate, and a tenth of a second's more at once."""
    assert sent(Pace(rate, 0), 0, 10) <= 10 * rate + max(1, rate * 0.1) + 1
    assert sent(Pace(rate, 0), 0, 10) >= int(10 * rate)


def test_429_halves_and_holds_back() -> None:
    """After a 429 nothing goes out for as long as was asked, and then half as much."""
    pace = Pace(20, 0)
    sent(pace, 0, 5)
    pace.slow_down(5, 3, sent_at=4.9)

    assert pace.wait(5) == pytest.approx(3)
    assert sent(pace, 5, 7.99) == 0
    assert 18 <= sent(pace, 8, 10) <= 21


def test_nothing_gathers_in_a_pause() -> None:
    """When the pause is over the first turn has to be waited for like any other."""
    pace = Pace(80, 0)
    pace.slow_down(5, 3, sent_at=4.9)

    assert pace.wait(8) == pytest.approx(1 / 40)


def test_one_429_of_those_under_way_halves() -> None:
    """Requests that were sent before the rate was halved say nothing about the new one."""
    pace = Pace(80, 0)
    for number in range(20):
        pace.slow_down(1 + number / 100, 0, sent_at=0.9)

    assert pace.rate == 40
    pace.slow_down(3, 0, sent_at=2)
    assert pace.rate == 20
    assert pace.throttled == 21


def test_it_grows_slowly() -> None:
    """Successes bring the rate back, by 5 % a second and never above what was chosen."""
    pace = Pace(20, 0)
    pace.slow_down(0, 0, sent_at=0)
    rates = []
    for second in range(1, 40):
        pace.speed_up(second)
        pace.speed_up(second + 0.5)
        rates.append(pace.rate)

    assert rates[0] == pytest.approx(10.5)
    assert rates[1] == pytest.approx(11.025)
    assert rates[-1] == 20


def test_idling_does_not_grow() -> None:
    """A pause between two successes counts as one second."""
    pace = Pace(20, 0)
    pace.slow_down(0, 0, sent_at=0)
    pace.speed_up(1_000)

    assert pace.rate == pytest.approx(10.5)


def test_it_never_stops() -> None:
    """However many 429s come, something goes out every two seconds."""
    pace = Pace(20, 0)
    for now in range(1, 50):
        pace.slow_down(now, 0, sent_at=now)

    assert pace.rate == 0.5


def test_a_rate_of_nobody_is_left_at_once() -> None:
    """Far above what PingOne grants, half of what was really sent is the next rate."""
    pace = Pace(50_000, 0)
    for _ in range(300):
        pace.wait(0)
        pace.take(0)
    pace.slow_down(0.5, 1, sent_at=0.4)

    assert pace.rate == 150


def test_choosing() -> None:
    """A lower rate holds at once; a higher one too, unless a 429 says otherwise."""
    free, cut = Pace(20, 0), Pace(20, 0)
    cut.slow_down(0, 0, sent_at=0)
    free.choose(50)
    cut.choose(50)

    assert (free.rate, cut.rate) == (50, 10)
    free.choose(5)
    assert free.rate == 5


async def test_turns_come_in_order() -> None:
    """Who asked first goes first."""
    clock = FakeClock()
    limiter = Limiter(1, clock, _sleeping(clock))
    came: list[int] = []

    async def ask(number: int) -> None:
        await limiter.admit()
        came.append(number)

    await asyncio.gather(*(ask(number) for number in range(5)))

    assert came == [0, 1, 2, 3, 4]
    assert clock.monotonic() == pytest.approx(4)


async def test_cancelling_spends_nothing() -> None:
    """Who gives up while waiting leaves the turn to the next."""
    clock = FakeClock()
    started, forever = asyncio.Event(), asyncio.Event()

    async def sleep(_seconds: float) -> None:
        started.set()
        await forever.wait()

    limiter = Limiter(1, clock, sleep)
    assert limiter.admit_now()
    waiting = asyncio.create_task(limiter.admit())
    await started.wait()
    assert limiter.state().waiting == 1
    clock.advance(1)
    assert not limiter.admit_now(), "somebody waits for it"
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert limiter.admit_now()
    assert limiter.state().waiting == 0


async def test_a_429_reaches_who_waits_already() -> None:
    """Who sleeps towards its turn looks again when it wakes."""
    clock = FakeClock()
    limiter: Limiter

    async def sleep(seconds: float) -> None:
        if clock.monotonic() < 1:
            limiter.throttled(30, 0)
        clock.advance(seconds)

    limiter = Limiter(1, clock, sleep)
    await limiter.admit()
    await limiter.admit()

    assert clock.monotonic() >= 30


def test_what_is_shown() -> None:
    """While throttled it says for how long, then how fast, then nothing."""
    clock = FakeClock()
    limiter = Limiter(20, clock)
    shown = [str(limiter.state())]
    limiter.throttled(12, 0)
    shown.append(str(limiter.state()))
    clock.advance(12)
    shown.append(str(limiter.state()))

    assert shown == ["", "throttled, retry in 12 s", "throttled, 10 requests/s"]


def test_one_for_each_credential_and_region() -> None:
    """All jobs of a credential in a region share one limiter; another region or credential has its own."""
    limiters = Limiters(FakeClock())
    limiter = limiters.of("env", "client", EU)

    assert limiters.of("env", "client", Region.EU.addresses) is limiter
    assert limiters.of("env", "other", EU) is not limiter
    assert limiters.of("env", "client", Region.NA.addresses) is not limiter
    assert limiter.state().chosen == 20
    limiters.of("env", "client", EU, 50)
    assert limiter.state().chosen == 50


def test_rates_that_may_be_chosen() -> None:
    """At PingOne up to 100 a second, at a sandbox more."""
    limiters = Limiters(FakeClock())
    limiters.of("env", "client", SANDBOX, 100_000)
    limiters.of("env", "client", EU, 100)

    for bad in (101, 0, -1, float("nan")):
        with pytest.raises(UsageError, match=r"between 0\.5 and 100 requests a second"):
            limiters.of("env", "client", EU, bad)


def _sleeping(clock: FakeClock) -> Callable[[float], Awaitable[None]]:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    return sleep
