"""The record of share links: which count, without what opens them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headway.testing.readers import Answer, fetch
from tests.server.guests import CHANNEL, House, bearer, guarded


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server."""
    async with guarded(tmp_path) as made:
        yield made


async def listed(house: House) -> list[dict[str, Any]]:  # Any: JSON
    """The links that count."""
    answer = await house.get("/api/shares", house.token(role="admin"))
    assert answer.status == 200, answer.body
    shares: list[dict[str, Any]] = answer.json()["shares"]
    return shares


async def unshare(house: House, id: str) -> Answer:
    """Revoke a link by its id."""
    return await fetch(
        house.address, "DELETE", f"/api/shares/{id}", headers=bearer(house.token(sub="boss", role="admin"))
    )


async def test_links_are_listed_without_what_opens_them(house: House) -> None:
    """The newest first, with who made them and until when."""
    await house.made("/api/shares", {"channel": "a", "seconds": 60}, house.token(sub="ada", role="admin"))
    house.clock.advance(1.0)
    made = await house.made("/api/shares", {"channel": "b/ö"}, house.token(sub="bob", role="admin"))
    shares = await listed(house)

    assert [(one["channel"], one["by"], one["expires"] - one["made"]) for one in shares] == [
        ("b/ö", "bob", 7 * 86_400.0),
        ("a", "ada", 60.0),
    ]
    assert shares[0]["id"] == made["id"]
    assert made["token"] not in repr(shares)


async def test_a_link_that_ended_is_listed_no_more(house: House) -> None:
    """By itself, or because it was revoked by its token elsewhere."""
    await house.share(CHANNEL, seconds=60)
    link = await house.share("b")
    house.clock.advance(61.0)
    assert [one["channel"] for one in await listed(house)] == ["b"]
    await house.made("/api/revocations", {"token": link}, house.token(role="admin"))

    assert await listed(house) == []


async def test_a_link_is_revoked_by_its_id(house: House) -> None:
    """Whoever has it sees nothing more; the others count on. It stands in the audit trail; twice is 404."""
    link, other = await house.share(CHANNEL), await house.share(CHANNEL)
    first = next(one for one in await listed(house) if one["id"] == _id(house, link))
    assert (await unshare(house, first["id"])).json() == {"id": first["id"], "channel": CHANNEL}

    path = f"/api/channels/{CHANNEL}/events"
    assert (await house.get(path, link)).status == 401
    assert (await house.get(path, other)).status == 200
    assert (await unshare(house, first["id"])).status == 404
    assert [one["id"] for one in await listed(house)] == [_id(house, other)]
    audit = house.live.running.watch._audit
    assert audit is not None
    await audit.flush()
    entry = (await house.get("/api/audit", house.token(role="admin"))).json()["events"][-1]
    assert (entry["action"], entry["user"], entry["target"], entry["id"]) == ("revoked", "boss", CHANNEL, first["id"])


async def test_the_record_outlives_a_restart(tmp_path: Path) -> None:
    """It is an entry of the log, and what was revoked stays so."""
    async with guarded(tmp_path, data=tmp_path / "data") as house:
        gone, kept = await house.share("a"), await house.share("b")
        await unshare(house, _id(house, gone))
        id = _id(house, kept)
    async with guarded(tmp_path, data=tmp_path / "data") as house:
        assert [(one["id"], one["channel"]) for one in await listed(house)] == [(id, "b")]


async def test_an_open_server_has_no_links(tmp_path: Path) -> None:
    """There is nothing to sign them with, and nobody who needs one: 501, in a sentence."""
    async with guarded(tmp_path, secret=None, users=None) as house:
        for answer in (await house.get("/api/shares"), await unshare(house, "x")):
            assert (answer.status, answer.json()["error"]["code"]) == (501, "not_set_up")


def _id(house: House, link: str) -> str:
    return str(house.live.running.access.authenticate(link).token)
