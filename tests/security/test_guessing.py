"""Somebody with a token of their own learns nothing that is not theirs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from headway.access import passwords
from headway.server.users import User, Users
from siege.attacks.guessing import ADMINISTRATION, CHANNELS, ENDPOINTS, MESSAGES, PASSWORDS, PIDS, SIDS
from siege.foe import LET_IN, TOLD, Foe
from siege.people import HIDDEN, token
from tests.security.harness import besieged, strike


async def test_reading_a_foreign_channel_by_guessing() -> None:
    """Tried: another user's channel on every endpoint and transport, and one that does not exist. Answered: 403 and
    `forbidden`, without a byte of content, and both alike."""
    async with besieged() as ground:
        answered = await strike(CHANNELS, ground)

        assert set(answered) == {"403", "error forbidden", "nothing told"}
        assert answered["403"] == len(ENDPOINTS)
        assert answered["error forbidden"] + answered["nothing told"] == len(MESSAGES) + 3


async def test_reading_is_seen_where_it_is_allowed() -> None:
    """Control: with a token that covers the channel the same requests are told what is there."""
    async with besieged() as ground:
        foe = Foe(replace(ground.target, token=token("eve", ["*"])))
        for method, path, accept in ENDPOINTS:
            if method == "GET" and "stream" not in path + accept:
                foe.judge(await foe.ask(method, path.format(HIDDEN)))
        await foe.leave()

        assert foe.answers == {TOLD: 4, "200": 1}


async def test_engineio_sid_of_somebody_else() -> None:
    """Tried: polls, posts and upgrades under invented session ids. Answered: 400."""
    async with besieged() as ground:
        answered = await strike(SIDS, ground)

        assert set(answered) <= SIDS.answers
        assert answered["400"] >= 10


async def test_resuming_the_socketio_pid_of_somebody_else() -> None:
    """Tried: connection state recovery with ann's `pid` and offset, but a token of one's own. Answered: `forbidden`, or
    a new session; nothing of what she followed."""
    async with besieged() as ground:
        answered = await strike(PIDS, ground)

        assert set(answered) <= PIDS.answers
        assert sum(answered.values()) == 2


async def test_resuming_is_seen_where_it_is_allowed() -> None:
    """Control: ann herself goes on with that `pid`."""
    async with besieged() as ground:
        answered = await strike(PIDS, ground, token=token("ann", ["victim:*"]))

        assert answered.keys() & {LET_IN, TOLD}


async def test_administration_without_being_admin() -> None:
    """Tried: figures, debug tools, audit, shares, revocations as a viewer and as nobody. Answered: 403 and 401."""
    async with besieged() as ground:
        assert await strike(ADMINISTRATION, ground) == {"403": 7, "401": 7}


async def test_administration_is_seen_where_it_is_allowed() -> None:
    """Control: an admin may do all of it."""
    async with besieged() as ground:
        answered = await strike(ADMINISTRATION, ground, token=token("root", ["*"], role="admin"))

        assert answered == {"200": 7, "401": 7}


async def test_guessing_passwords(tmp_path: Path) -> None:
    """Tried: signing in under known, unknown and invented names, on and on. Answered: 401 alike, and soon 429."""
    users = await _users(tmp_path)
    async with besieged(users=users, sign_in_burst=4) as ground:
        first = await strike(PASSWORDS, ground)
        second = await strike(PASSWORDS, ground)

        assert first == {"401": 3, "400": 2}
        assert second == {"401": 1, "429": 2, "400": 2}


async def _users(folder: Path) -> Path:
    file = folder / "users.json"
    hash = await asyncio.to_thread(passwords.hashed, "correct horse battery staple")
    Users(file).put(User("ann", hash))
    return file
