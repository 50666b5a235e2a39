"""The rate limit."""

from __future__ import annotations

from headway.sandbox.bucket import Bucket


def test_a_bucket_is_emptied_and_refills_evenly() -> None:
    """At once as many as the burst, then as many as the rate; it says how long until the next."""
    bucket = Bucket(rate=10, burst=3, tokens=3, filled=0.0)

    assert [bucket.take(0.0) for _ in range(4)] == [0, 0, 0, 0.1]
    assert bucket.take(0.05) == 0.05
    assert bucket.take(0.125) == 0
    assert [bucket.take(100.0) for _ in range(4)] == [0, 0, 0, 0.1]


def test_a_rate_of_nothing_is_no_limit() -> None:
    """However many come."""
    bucket = Bucket(rate=0, burst=1, tokens=1, filled=0.0)

    assert {bucket.take(0.0) for _ in range(1000)} == {0.0}
