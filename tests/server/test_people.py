"""Users over HTTP: who is changed goes on as nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headway.access import passwords
from headway.access.identity import Role
from headway.server.users import User
from headway.testing.readers import Answer, WebSocketReader, fetch
from headway.testing.waiting import wait_until
from tests.server.guests import (
    CHANNEL,
    COOKIE,
    HOLDING,
    PASSWORD,
    House,
    assert_bad_token,
    bearer,
    ended,
    endings,
    guarded,
    password_hash,
)

NEW = "another long password"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server."""
    async with guarded(tmp_path) as made:
        yield made


async def ask(house: House, method: str, path: str, body: object = None, **headers: str) -> Answer:
    """A request of an administrator, unless the headers say who asks."""
    headers = headers or bearer(house.token(sub="boss", role="admin"))
    sent = b"" if body is None else msgspec.json.encode(body)
    return await fetch(house.address, method, path, body=sent, headers=headers)


async def trail(house: House) -> list[dict[str, Any]]:  # Any: JSON
    """What the audit trail says of users."""
    audit = house.live.running.watch._audit
    assert audit is not None
    await audit.flush()
    events = (await ask(house, "GET", "/api/audit")).json()["events"]
    return [event for event in events if event["action"] == "users_changed"]


async def test_everybody_is_listed_without_their_password(house: House) -> None:
    """By name, with what they may do; no hash leaves the server."""
    answer = await ask(house, "GET", "/api/users")

    assert [(one["user"], one["role"]) for one in answer.json()["users"]] == [
        ("ann", "viewer"),
        ("oli", "operator"),
        ("root", "admin"),
    ]
    assert answer.json()["users"][0] == {
        "user": "ann",
        "role": "viewer",
        "channels": ["run:*"],
        "publish": ["run:7"],
        "created": "",
    }
    assert b"argon2" not in answer.body
    assert answer.headers["cache-control"] == "no-store"


async def test_who_is_added_signs_in(house: House) -> None:
    """At once, with the role and the channels; what is left out is that of the least."""
    answer = await ask(house, "POST", "/api/users", {"user": "new", "password": NEW, "channels": ["a", "b*"]})
    seen = await house.get("/api/me", Cookie=f"{COOKIE}={await house.sign_in('new', NEW)}")

    assert (answer.status, answer.json()["created"]) == (201, "2023-11-14T22:13:20+00:00")
    assert (seen.json()["role"], seen.json()["channels"], seen.json()["publish"]) == ("viewer", ["a", "b*"], [])
    (entry,) = await trail(house)
    assert (entry["user"], entry["target"], entry["what"]) == ("boss", "new", "added")
    assert NEW not in repr(entry)


async def test_a_name_that_is_taken_is_refused(house: House) -> None:
    """Whoever has it keeps the password."""
    answer = await ask(house, "POST", "/api/users", {"user": "ann", "password": NEW})

    assert (answer.status, answer.json()["error"]["code"]) == (409, "conflict")
    await house.sign_in("ann")


async def test_two_who_add_the_same_name_are_not_both_told_so(house: House) -> None:
    """One is, and its password counts."""
    words = [f"{NEW} {number}" for number in range(2)]
    answers = await asyncio.gather(
        *(ask(house, "POST", "/api/users", {"user": "new", "password": word}) for word in words)
    )

    assert sorted(answer.status for answer in answers) == [201, 409]
    taken = next(word for word, answer in zip(words, answers, strict=True) if answer.status == 201)
    await house.sign_in("new", taken)


@pytest.mark.parametrize(
    "body",
    [
        {"user": "new"},
        {"user": "new", "password": "short"},
        {"user": "new", "password": "x" * 1_025},
        {"user": " new", "password": NEW},
        {"user": "n" * 65, "password": NEW},
        {"user": "", "password": NEW},
        {"user": "a\nb", "password": NEW},
        {"user": "new", "password": NEW, "role": "king"},
        {"user": "new", "password": NEW, "channels": "run"},
        {"user": "new", "password": NEW, "channels": ["x" * 256]},
        {"user": "new", "password": NEW, "channels": ["*" * 17]},
        {"user": "new", "password": NEW, "publish": [f"channel-of-some-length:{number}" for number in range(200)]},
        {"user": "new", "password": NEW, "extra": 1},
        [],
    ],
    ids=lambda body: repr(body)[:60],
)
async def test_what_cannot_be_a_user_is_refused(house: House, body: object) -> None:
    """Before anything is written; more patterns than a cookie holds, too. No sentence holds a password."""
    answer = await ask(house, "POST", "/api/users", body)

    assert answer.status == 400
    assert NEW not in answer.body.decode()
    assert house.users.names() == ("ann", "oli", "root")


CHANGES: dict[str, dict[str, Any]] = {
    "password": {"password": NEW},
    "role": {"role": "operator"},
    "channels": {"channels": ["other:*"]},
    "publish": {"publish": []},
}


@pytest.mark.parametrize("what", [*CHANGES, "removed"])
async def test_who_is_changed_is_put_out_everywhere(house: House, what: str) -> None:
    """Sign-ins of before count no more, and their connections end (4001): a cookie holds what its holder may."""
    cookie = await house.sign_in("ann")
    others = await house.sign_in("oli")
    house.clock.advance(1.0)
    async with contextlib.AsyncExitStack() as readers:
        held = {}
        for name in HOLDING:
            held[name] = house.reader(name, **await house.shown("cookie", cookie))
            await readers.enter_async_context(held[name])
            await held[name].subscribe(CHANNEL)
        ends = await endings(house, held)
        if what == "removed":
            answer = await ask(house, "DELETE", "/api/users/ann")
        else:
            answer = await ask(house, "PATCH", "/api/users/ann", CHANGES[what])
        assert answer.status == 200, answer.body
        assert_bad_token(await ended(ends))

    assert (await house.get("/api/me", Cookie=f"{COOKIE}={cookie}")).status == 401
    assert (await house.get("/api/me", Cookie=f"{COOKIE}={others}")).status == 200
    entry = (await trail(house))[-1]
    assert (entry["what"], entry.get("fields")) == (("removed", None) if what == "removed" else ("changed", [what]))


async def test_a_new_password_counts_and_the_old_one_does_not(house: House) -> None:
    """What was not named stays as it was."""
    await ask(house, "PATCH", "/api/users/ann", {"password": NEW})
    house.clock.advance(1.0)

    assert (await house.post("/api/sign-in", {"user": "ann", "password": PASSWORD})).status == 401
    seen = await house.get("/api/me", Cookie=f"{COOKIE}={await house.sign_in('ann', NEW)}")
    assert (seen.status, seen.json()["role"], seen.json()["channels"]) == (200, "viewer", ["run:*"])


async def test_who_signs_in_while_being_removed_does_not_come_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old password is right when it is asked for, and hashing takes its time: what is there afterwards counts."""
    hashing = house.live.running.parts.hashing
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(hash: str | None, password: str) -> bool:
        begun.set()
        await go_on.wait()
        return passwords.matches(hash, password)

    monkeypatch.setattr(hashing, "matches", slowly)
    coming = asyncio.create_task(house.post("/api/sign-in", {"user": "ann", "password": PASSWORD}))
    await begun.wait()
    assert (await ask(house, "PATCH", "/api/users/ann", {"password": NEW})).status == 200
    house.clock.advance(1.0)
    go_on.set()

    assert (await coming).status == 401


async def test_nobody_is_locked_out_by_himself(house: House) -> None:
    """One neither removes himself nor takes his own role; changing one's own password is one's own business."""
    await house.sign_in("root")
    root = bearer(house.token(sub="root", role="admin"))

    assert (await ask(house, "DELETE", "/api/users/root", **root)).status == 409
    assert (await ask(house, "PATCH", "/api/users/root", {"role": "viewer"}, **root)).status == 409
    assert house.users.find("root") is not None
    assert (await ask(house, "PATCH", "/api/users/root", {"password": NEW}, **root)).status == 200


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"role": "viewer"}), ("DELETE", None)])
async def test_nobody_is_made_by_a_change(house: House, method: str, body: object) -> None:
    """404, and the file is as it was; a change of nothing is none."""
    assert (await ask(house, method, "/api/users/ghost", body)).status == 404
    assert (await ask(house, "PATCH", "/api/users/ann", {})).status == 400
    assert house.users.names() == ("ann", "oli", "root")


async def test_a_name_in_a_path_is_any_name(house: House) -> None:
    """With a slash, a percent sign, or markup."""
    name = "a/b <i>100%"
    await ask(house, "POST", "/api/users", {"user": name, "password": NEW})

    assert (await ask(house, "DELETE", "/api/users/a%2Fb%20%3Ci%3E100%25")).json() == {"user": name}


async def test_a_cookie_changes_users_for_our_own_pages_alone(house: House) -> None:
    """A page of somebody else's that makes an administrator's browser ask is refused, and so is an ill-made method."""
    cookie = {"Cookie": f"{COOKIE}={await house.sign_in('root')}"}
    for method, body in (("POST", {"user": "x", "password": NEW}), ("PATCH", {"role": "admin"}), ("DELETE", None)):
        path = "/api/users" if method == "POST" else "/api/users/ann"
        assert (await ask(house, method, path, body, **cookie)).status == 401
        foreign = {**cookie, "Sec-Fetch-Site": "cross-site"}
        assert (await ask(house, method, path, body, **foreign)).status == 401
    own = {**cookie, "Origin": house.origin}
    assert (await ask(house, "DELETE", "/api/users/ann", **own)).status == 200


async def test_where_nobody_can_have_a_password_it_is_said_why(tmp_path: Path) -> None:
    """501, with the setting that is missing."""
    async with guarded(tmp_path, secret=None, users=None) as house:
        assert "HEADWAY_SECRET" in (await ask(house, "GET", "/api/users")).json()["error"]["message"]
    async with guarded(tmp_path, users=None) as house:
        answer = await ask(house, "GET", "/api/users")
        assert (answer.status, "HEADWAY_USERS" in answer.json()["error"]["message"]) == (501, True)


async def test_other_writers_are_not_overwritten(house: House) -> None:
    """`headway user` and the server write the same file: neither undoes what the other did."""
    house.users.put(User("cli", password_hash(), Role.VIEWER))
    await ask(house, "POST", "/api/users", {"user": "web", "password": NEW})

    assert house.users.names() == ("ann", "cli", "oli", "root", "web")


async def test_the_loop_goes_on_while_a_password_is_hashed(house: House) -> None:
    """Whoever reads reads on."""
    async with house.reader("websocket", token=house.token()) as reader:
        assert isinstance(reader, WebSocketReader)
        await reader.subscribe(CHANNEL)
        adding = [
            asyncio.create_task(ask(house, "POST", "/api/users", {"user": f"user{number}", "password": NEW}))
            for number in range(4)
        ]
        await house.live.publish(CHANNEL, "meanwhile")
        assert (await reader.next())["type"] == "meanwhile"
        assert not all(task.done() for task in adding)
        assert [(await task).status for task in adding] == [201] * 4
    await wait_until(lambda: len(house.users.names()) == 7)
