"""So many browsers at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import pytest

from headway.browsers.faults import NoBrowser
from headway.browsers.pool import Pool, Statistics
from headway.browsers.session import Session
from headway.browsers.sources import Local
from headway.testing.waiting import wait_until

_MISSING: Final = NoBrowser("There is no browser.")


@pytest.mark.browser
async def test_one_waits_until_another_is_done(local: Local, tmp_path: Path) -> None:
    """Above the bound one waits, is told why, and comes in turn; each browser is new and gone afterwards."""
    pool = Pool(1, lambda: Session.start(local))
    told: list[str] = []

    async def visit() -> int:
        async with pool.session(told.append) as session:
            return int(await session.do(lambda driver: driver.capabilities["goog:processID"]))

    async with pool.session(told.append):
        others = [asyncio.ensure_future(visit()) for _ in range(2)]
        await wait_until(lambda: pool.statistics() == Statistics(1, 1, 2))
        others[1].cancel()
        await wait_until(lambda: pool.statistics().waiting == 1)
    await others[0]

    assert told == ["waiting for 1 of 1 browser", "waiting for 1 of 1 browser, 1 ahead"]
    assert pool.statistics() == Statistics(1, 0, 0)
    assert list((tmp_path / "browsers").iterdir()) == []


async def test_a_browser_that_does_not_start_gives_its_place_back() -> None:
    """An error at the start is the caller's, and the next one is let in."""

    async def start() -> Session:
        raise _MISSING

    pool = Pool(1, start)
    for _ in range(2):
        with pytest.raises(NoBrowser):
            async with pool.session():
                raise AssertionError("nobody comes here")

    assert pool.statistics() == Statistics(1, 0, 0)


async def test_a_place_given_to_somebody_who_left_goes_to_the_next() -> None:
    """A turn that is cancelled in the moment it comes is not lost."""
    going = asyncio.Event()

    async def start() -> Session:
        await going.wait()
        raise _MISSING

    pool = Pool(1, start)

    async def visit() -> None:
        async with pool.session():
            raise AssertionError("nobody comes here")

    visits = [asyncio.ensure_future(visit()) for _ in range(3)]
    await wait_until(lambda: pool.statistics().waiting == 2)
    going.set()
    visits[0].add_done_callback(lambda _: visits[1].cancel())
    results = await asyncio.gather(*visits, return_exceptions=True)

    assert results[0] is results[2] is _MISSING
    assert pool.statistics() == Statistics(1, 0, 0)


def test_a_pool_has_room() -> None:
    """No place at all would mean waiting for ever."""
    with pytest.raises(ValueError, match="one browser"):
        Pool(0, lambda: asyncio.sleep(0))  # type: ignore[arg-type, return-value]  # it is refused before
