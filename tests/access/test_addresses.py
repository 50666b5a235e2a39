"""Buckets and seats: how much somebody may do, how many connections an address may hold, and what is remembered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.access.addresses import Addresses, Bucket, Buckets, Seat, network
from headway.codes import Code
from headway.errors import Overloaded


def refusal(addresses: Addresses, address: str | None, now: float) -> Overloaded:
    """The error with which an address is refused a seat."""
    with pytest.raises(Overloaded) as refused:
        addresses.take(address, now)
    return refused.value


def test_a_bucket_gives_its_burst_at_once_and_its_rate_afterwards() -> None:
    """Three at once, then one each half a second, and never more than three saved up."""
    bucket = Bucket(rate=2.0, burst=3)

    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(10.5), bucket.take(10.5)] == [True, False]
    assert [bucket.take(1_000.0) for _ in range(4)] == [True, True, True, False]


def test_a_bucket_says_how_long_to_wait() -> None:
    """After that time one more is there, and not before."""
    bucket = Bucket(rate=0.1, burst=1)
    assert bucket.wait(0.0) == 0.0
    assert bucket.take(0.0)

    assert bucket.wait(4.0) == pytest.approx(6.0)
    assert not bucket.take(9.9)
    assert bucket.take(10.0)


def test_a_bucket_can_run_into_debt() -> None:
    """What was done cannot be refused any more: it costs the time until it is paid."""
    bucket = Bucket(rate=10.0, burst=2)

    assert [bucket.spend(0.0) for _ in range(4)] == pytest.approx([0.0, 0.0, 0.1, 0.2])
    assert not bucket.take(0.1)
    assert bucket.spend(5.0) == 0.0


def test_a_rate_of_nought_is_no_bound() -> None:
    """Neither for one nor for many."""
    bucket, buckets = Bucket(0.0, 1), Buckets(0.0, 1)

    assert all(bucket.take(0.0) and buckets.take("a", 0.0) for _ in range(1_000))
    assert bucket.spend(0.0) == bucket.wait(0.0) == buckets.wait("a", 0.0) == 0.0
    assert len(buckets) == 0


@given(
    st.floats(0.1, 100),
    st.integers(1, 20),
    st.lists(st.floats(0, 5), max_size=60),
)
def test_a_bucket_never_gives_more_than_it_has(rate: float, burst: int, pauses: list[float]) -> None:
    """In any stretch of time: the burst, and what flowed in."""
    bucket, now, taken = Bucket(rate, burst), 0.0, []
    for pause in pauses:
        now += pause
        if bucket.take(now):
            taken.append(now)

    for first, begin in enumerate(taken):
        for last, end in enumerate(taken[first:], 1):
            assert last <= burst + rate * (end - begin) + 1e-6


def test_names_have_buckets_of_their_own() -> None:
    """What one takes, another keeps; the refusals are counted."""
    buckets = Buckets(1.0, 2)

    assert [buckets.take("a", 0.0) for _ in range(3)] == [True, True, False]
    assert buckets.take("b", 0.0)
    assert buckets.wait("a", 0.0) == pytest.approx(1.0)
    assert (buckets.wait("c", 0.0), buckets.refused) == (0.0, 1)


def test_full_buckets_are_forgotten() -> None:
    """A name that has nothing left to pay costs no memory for long."""
    buckets = Buckets(1.0, 1)
    for number in range(100_000):
        buckets.take(str(number), number * 0.01)

    assert len(buckets) < 2_000


def test_invented_names_buy_no_fresh_tries() -> None:
    """With more names in use than are kept, new ones share one bucket; those that are known keep theirs, empty or
    not."""
    buckets = Buckets(0.001, 2, most=100)
    assert [buckets.take("victim", 0.0) for _ in range(3)] == [True, True, False]
    given = sum(buckets.take(f"invented-{number}", 0.0) for number in range(10_000))

    assert given == 99 + 2
    assert len(buckets) == 100
    assert not buckets.take("victim", 0.0)


def test_a_long_name_is_kept_short() -> None:
    """Nobody fills the memory with one name."""
    buckets = Buckets(1.0, 1)

    assert buckets.take("x" * 1_000_000, 0.0)
    assert not buckets.take("x" * 2_000_000, 0.0)


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("no address: at all", "no address: at all"),
        ("", ""),
    ],
)
def test_an_address_counts_as_what_one_subscriber_is_given(address: str, counts_as: str) -> None:
    """IPv6 by its /64, IPv4 however it is written."""
    assert network(address) == counts_as


def test_an_address_holds_so_many_connections_and_no_more() -> None:
    """One more is refused; when one is gone there is room again, for that address and no other."""
    addresses = Addresses(total=0, each=2, rate=0.0, burst=1)
    one, _two = addresses.take("192.0.2.1", 0.0), addresses.take("192.0.2.1", 0.0)
    refused = refusal(addresses, "192.0.2.1", 0.0)
    addresses.take("192.0.2.2", 0.0)

    one.release()
    addresses.take("192.0.2.1", 0.0)

    assert refused.code is Code.TOO_MANY
    assert refused.details == {"limit": "address_connections", "retry_after": 1}
    refusal(addresses, "192.0.2.1", 0.0)


def test_a_seat_is_given_back_once() -> None:
    """Whoever releases twice gives nothing away."""
    addresses = Addresses(total=0, each=2, rate=0.0, burst=1)
    seats = [addresses.take("192.0.2.1", 0.0) for _ in range(2)]

    for _ in range(5):
        seats[0].release()
    addresses.take("192.0.2.1", 0.0)

    refusal(addresses, "192.0.2.1", 0.0)
    assert addresses.statistics()["seated"] == 2


def test_new_connections_of_an_address_come_at_a_rate() -> None:
    """Opening and closing again is no way round; the refusal says when to come back."""
    addresses = Addresses(total=0, each=0, rate=0.5, burst=3)
    for _ in range(3):
        addresses.take("192.0.2.1", 0.0).release()
    refused = refusal(addresses, "192.0.2.1", 0.0)

    assert (refused.code, refused.details) == (Code.TOO_MANY, {"limit": "address_rate", "retry_after": 2})
    addresses.take("192.0.2.2", 0.0)
    addresses.take("192.0.2.1", 2.0)


def test_all_together_are_bounded() -> None:
    """Beyond the total it is not the client's fault: another code."""
    addresses = Addresses(total=2, each=0, rate=0.0, burst=1)
    seat: Seat = addresses.take("192.0.2.1", 0.0)
    addresses.take(None, 0.0)

    refused = refusal(addresses, "192.0.2.3", 0.0)
    assert (refused.code, refused.details["limit"]) == (Code.OVERLOADED, "connections")
    refusal(addresses, None, 0.0)
    seat.release()
    addresses.take(None, 0.0)


def test_a_proxy_counts_for_the_total_alone() -> None:
    """Its connections are those of many people."""
    addresses = Addresses(total=1_000, each=1, rate=1.0, burst=1)

    assert [addresses.take(None, 0.0) for _ in range(1_000)]
    refusal(addresses, None, 0.0)


def test_refusals_are_counted_by_what_they_hit() -> None:
    """By the names of the limits."""
    addresses = Addresses(total=3, each=1, rate=1.0, burst=1)
    addresses.take("192.0.2.1", 0.0)
    addresses.take("192.0.2.2", 0.0).release()
    refusal(addresses, "192.0.2.1", 0.0)
    refusal(addresses, "192.0.2.2", 0.0)
    for _ in range(2):
        addresses.take(None, 0.0)
    refusal(addresses, "192.0.2.3", 0.0)

    assert addresses.statistics() == {
        "seated": 3,
        "addresses": 1,
        "refused": {"connections": 1, "address_connections": 1, "address_rate": 1},
    }


def test_a_flood_from_everywhere_costs_bounded_memory() -> None:
    """A million addresses that come once and go are not remembered."""
    addresses = Addresses(total=0, each=5, rate=10.0, burst=100)
    for number in range(300_000):
        addresses.take(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1", number * 0.0001).release()

    assert addresses.statistics()["addresses"] == 0
    assert len(addresses._arrivals) < 5_000
