"""Bodies of bounded size."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.checks.body import Body


@given(st.binary(max_size=400), st.integers(1, 60), st.integers(1, 300), st.sampled_from(["", "gzip", "deflate"]))
def test_what_fits_is_kept_whole_and_the_rest_is_cut(data: bytes, piece: int, limit: int, encoding: str) -> None:
    """However it comes in pieces, and however it is packed: the beginning, and whether there was more."""
    sent = {"": data, "gzip": gzip.compress(data), "deflate": zlib.compress(data)}[encoding]
    body = Body(limit, encoding)
    for at in range(0, len(sent), piece):
        body.feed(sent[at : at + piece])
    body.close(complete=True)

    assert body.content == data[:limit]
    assert body.cut is (len(data) > limit)
    assert body.readable


def test_padding_after_gzip_is_no_content() -> None:
    """Zeros behind the end, as tapes and some servers leave them."""
    body = Body(100, "gzip")
    body.feed(gzip.compress(b"fine") + bytes(50))

    assert (body.content, body.readable) == (b"fine", True)


def test_a_bomb_takes_no_more_memory_than_is_kept() -> None:
    """Forty kilobytes that stand for forty megabytes: what does not fit is never unpacked."""
    limit = 100_000
    bomb = gzip.compress(bytes(40_000_000))
    body = Body(limit, "gzip")
    tracemalloc.start()
    try:
        body.feed(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert body.cut
    assert peak < 10 * limit
