"""Signing in and out, share links, revocations; and what each route wants of whom."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest

from headway.access.identity import Role
from headway.server.routes import ROUTES, Route
from headway.server.users import User
from headway.testing.readers import Ended, EventSourceReader, Reader, Refused, SocketIoReader, WebSocketReader, fetch
from headway.testing.serving import Kind
from headway.testing.waiting import wait_until
from tests.server.guests import (
    CHANNEL,
    COOKIE,
    HOLDING,
    LIMITS,
    PASSWORD,
    TRANSPORTS,
    WAYS,
    Ending,
    House,
    assert_bad_token,
    bearer,
    cookie_of,
    ended,
    ending,
    endings,
    guarded,
    password_hash,
)

EVENTS = f"/api/channels/{CHANNEL}/events"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server."""
    async with guarded(tmp_path) as made:
        yield made


@pytest.fixture(params=Kind, ids=lambda kind: kind.value)
async def any_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """A guarded server of each kind."""
    async with guarded(tmp_path, kind=request.param) as made:
        yield made


def own(house: House, cookie: str) -> dict[str, str]:
    """What a browser that signed in sends from a page of ours."""
    return {"Cookie": f"{COOKIE}={cookie}", "Origin": house.origin}


# Signing in and out.


async def test_who_signs_in_is_known_by_the_cookie(house: House) -> None:
    """The answer says who it is and what that covers, as `me` does; the cookie is for no script and no other site."""
    answer = await house.post("/api/sign-in", {"user": "ann", "password": PASSWORD})
    seen = await house.get("/api/me", Cookie=f"{COOKIE}={cookie_of(answer)}")

    assert answer.status == 200
    assert answer.headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == seen.json()
    assert seen.json() == {
        "user": "ann",
        "role": "viewer",
        "channels": ["run:*"],
        "publish": ["run:7"],
        "expires": house.clock.now() + 43_200,
        "apps": [],
    }


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(house: House) -> None:
    """Nobody learns from the answer who has a place here."""
    tries = [("ann", "wrong password"), ("nobody", PASSWORD), ("ann", ""), ("", PASSWORD), ("ann", "x" * 2_000)]
    answers = [await house.post("/api/sign-in", {"user": user, "password": word}) for user, word in tries]

    assert {(answer.status, answer.body) for answer in answers} == {(401, answers[0].body)}
    assert not any("set-cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"user": "ann"}, 400), ({"user": 1, "password": 2}, 400), ([], 400), ("x" * 70_000, 413)],
    ids=["nothing", "half", "numbers", "a list", "too much"],
)
async def test_what_is_no_sign_in_is_said_to_be_none(house: House, body: object, status: int) -> None:
    """A body of another shape is a mistake, and no try."""
    assert (await house.post("/api/sign-in", body)).status == status


@pytest.mark.slow
async def test_many_tries_are_stopped(house: House) -> None:
    """The eleventh try of an address is answered 429, though the password is right, with the time to wait."""
    for number in range(10):
        assert (await house.post("/api/sign-in", {"user": f"user{number}", "password": "wrong word"})).status == 401
    refused = await house.post("/api/sign-in", {"user": "ann", "password": PASSWORD})

    assert (refused.status, refused.json()["error"]["code"]) == (429, "too_many")
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    assert house.live.running.watch.figures.limits["sign_in_burst"] == 1
    house.clock.advance(int(refused.headers["retry-after"]))
    await house.sign_in("ann")


@pytest.mark.slow
async def test_a_name_is_not_guessed_from_many_addresses(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries for one name are counted together, wherever they come from; another name is not touched."""
    addresses = iter(f"2001:db8:{number:x}::1" for number in range(1, 100))
    monkeypatch.setattr("headway.server.entrance.client_of", lambda scope: next(addresses))
    for _ in range(10):
        assert (await house.post("/api/sign-in", {"user": "ann", "password": "wrong word"})).status == 401

    assert (await house.post("/api/sign-in", {"user": "ann", "password": PASSWORD})).status == 429
    await house.sign_in("oli")


async def test_a_crowd_that_signs_in_is_served_in_turn(house: House) -> None:
    """Passwords are hashed a few at a time, beside the loop: whoever reads goes on reading."""
    async with house.reader("websocket", token=house.token()) as reader:
        await reader.subscribe(CHANNEL)
        names = [f"user{number}" for number in range(9)]
        crowd = [asyncio.create_task(house.post("/api/sign-in", {"user": n, "password": PASSWORD})) for n in names]
        await house.live.publish(CHANNEL, "meanwhile")
        assert (await reader.next())["type"] == "meanwhile"

        assert [(await answer).status for answer in crowd] == [401] * 9


async def test_a_user_who_is_added_or_removed_counts_at_once(house: House) -> None:
    """The file of users is looked at anew: nobody restarts a server to let somebody in or keep somebody out."""
    house.users.put(User("new", password_hash()))
    await house.sign_in("new")
    house.users.remove("new")

    assert (await house.post("/api/sign-in", {"user": "new", "password": PASSWORD})).status == 401


async def test_signing_out_ends_the_token_everywhere(any_house: House) -> None:
    """The cookie is taken back, its token counts no more wherever it was copied to, and its connections end (4001)."""
    cookie = await any_house.sign_in()
    async with contextlib.AsyncExitStack() as readers:
        held = {name: await _following(readers, any_house, name, cookie) for name in HOLDING}
        ends = await endings(any_house, held)
        answer = await any_house.post("/api/sign-out", {}, headers=own(any_house, cookie))
        assert_bad_token(await ended(ends))

    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=; ")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    for way in ("header", "query", "cookie"):
        for transport in TRANSPORTS:
            async with any_house.reader(transport, **await any_house.shown(way, cookie)) as reader:
                with pytest.raises((Refused, Ended)) as end:
                    await reader.subscribe(CHANNEL)
            assert getattr(end.value, "code", None) in ("unauthorized", 4001), (way, transport)


async def test_signing_out_leaves_the_others_in(house: House) -> None:
    """One browser of a user signs out; the user's other browser goes on."""
    first, second = await house.sign_in(), await house.sign_in()
    async with house.reader("websocket", **await house.shown("cookie", second)) as reader:
        await reader.subscribe(CHANNEL)
        await house.post("/api/sign-out", {}, headers=own(house, first))
        await house.live.publish(CHANNEL, "one")

        assert (await reader.next())["type"] == "one"


async def test_whoever_is_not_known_may_sign_out(house: House) -> None:
    """A browser with a stale cookie, or none, gets rid of it all the same."""
    for headers in ({}, own(house, "nonsense"), own(house, house.token(left=-3600))):
        answer = await house.post("/api/sign-out", {}, headers=headers)

        assert (answer.status, answer.json()) == (200, {"user": None})


async def test_the_holder_of_a_share_link_does_not_end_it_for_the_others(house: House) -> None:
    """Signing out with a share link leaves the link as it is."""
    link = await house.share()
    await house.post("/api/sign-out", {}, link)

    assert (await house.get(EVENTS, link)).status == 200


async def test_through_tls_the_cookie_is_for_tls_alone(tmp_path: Path) -> None:
    """Behind a trusted proxy that speaks TLS the cookie is Secure."""
    async with guarded(tmp_path, trusted_proxies=["127.0.0.1"]) as house:
        body = {"user": "ann", "password": PASSWORD}
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
        answer = await house.post("/api/sign-in", body, headers=headers)

    assert answer.headers["set-cookie"].endswith("; Secure")


@pytest.mark.parametrize(
    ("security", "ways"),
    [
        ({}, {"open": False, "sign_in": True}),
        ({"users": None}, {"open": False, "sign_in": False}),
        ({"secret": None}, {"open": True, "sign_in": False}),
    ],
    ids=["users", "no users", "open"],
)
async def test_a_page_can_ask_what_is_wanted(
    tmp_path: Path,
    security: dict[str, Any],  # Any: fields of Security
    ways: dict[str, bool],
) -> None:
    """Whether a token is needed and whether people sign in here is no secret; where they do not, 501 says so."""
    async with guarded(tmp_path, **security) as house:
        told = await house.get("/api/sign-in")
        answer = await house.post("/api/sign-in", {"user": "ann", "password": PASSWORD})

    assert told.json() == ways
    assert (answer.status == 501) is not ways["sign_in"]


async def test_an_open_server_knows_nobody_and_makes_no_grants(tmp_path: Path) -> None:
    """Where nobody needs a token there is nothing to sign, and `me` is everybody."""
    async with guarded(tmp_path, secret=None) as house:
        me = (await house.get("/api/me")).json()
        paths = {"/api/tickets": {}, "/api/shares": {"channel": CHANNEL}, "/api/revocations": {"user": "ann"}}
        answers = [await house.post(path, body) for path, body in paths.items()]

    assert (me["user"], me["role"], me["channels"]) == (None, "admin", ["*"])
    assert [(answer.status, answer.json()["error"]["code"]) for answer in answers] == [(501, "not_set_up")] * 3


# Share links.


@pytest.mark.slow
async def test_a_share_link_watches_one_channel_and_nothing_else(any_house: House) -> None:
    """On every transport and in every way it reads its channel, whose name is no pattern, and no other."""
    await any_house.live.publish("run:*", "one")
    link = await any_house.share("run:*")
    for transport in TRANSPORTS:
        for way in WAYS:
            async with any_house.reader(transport, **await any_house.shown(way, link)) as reader:
                await reader.subscribe("run:*", "")
                assert (await reader.next())["type"] == "one"
            async with any_house.reader(transport, **await any_house.shown(way, link)) as reader:
                with pytest.raises(Refused) as refused:
                    await reader.subscribe(CHANNEL)
                assert (refused.value.code, transport, way) == ("forbidden", transport, way)


async def test_a_share_link_publishes_nothing(house: House) -> None:
    """Not over HTTP, not over a WebSocket, not over Socket.IO; nor does it make a link, or a ticket that does."""
    link = await house.share()
    event = {"type": "publish", "channel": CHANNEL, "event": {"type": "x"}}

    assert (await house.post(EVENTS, {"type": "x"}, link)).status == 403
    assert (await house.post("/api/shares", {"channel": CHANNEL}, link)).status == 403
    assert (await house.post(f"{EVENTS}?ticket={await house.ticket(link)}", {"type": "x"})).status == 403
    async with WebSocketReader(house.address, token=link) as reader:
        with pytest.raises(Refused, match="forbidden"):
            await reader.ask(event)
    async with SocketIoReader(house.address, auth={"token": link}) as talker:
        with pytest.raises(Refused, match="forbidden"):
            await talker.ask("publish", event)
    assert (await house.live.publish(CHANNEL, "first")).offset == 1


async def test_a_share_link_is_an_address_of_the_page(house: House) -> None:
    """The answer's link holds the channel, and the token behind a `#`, where no server sees it."""
    made = await house.made("/api/shares", {"channel": "a/b c?#".replace(" ", "")}, house.token(role="admin"))
    link = urlsplit(made["url"])

    assert unquote(link.query) == "channel=a/bc?#"
    assert link.fragment == f"token={made['token']}"
    assert made["expires"] == house.clock.now() + 7 * 86_400
    assert (await house.get(f"/api/channels/{quote(made['channel'], safe='')}", made["token"])).status == 200


async def test_a_share_link_ends_when_it_says(house: House) -> None:
    """Until its date it is let in; then it is not, and who watches by it is put out."""
    link = await house.share(seconds=60)
    async with house.reader("websocket", token=link) as reader:
        await reader.subscribe(CHANNEL)
        house.sweep(65.0)
        assert (await house.get(EVENTS, link)).status == 200
        house.sweep(0.1)

        assert (await house.get(EVENTS, link)).status == 401
        assert await ending(reader) == Ending("", 4001)


@pytest.mark.parametrize("seconds", [0, -1, 1e9, "60", None, True, [], {}])
async def test_a_share_link_has_a_bounded_life(house: House, seconds: object) -> None:
    """Seconds from 1 to those of a year; whatever else is named is a 400."""
    answer = await house.post("/api/shares", {"channel": CHANNEL, "seconds": seconds}, house.token(role="admin"))

    assert (answer.status, answer.json()["error"]["details"]) == (400, {"field": "seconds"})


# Revocation.


@pytest.mark.parametrize("how", ["by token", "by user"])
async def test_a_revoked_token_ends_its_live_connections(any_house: House, how: str) -> None:
    """By its id or by its user: WebSocket closes with 4001, a stream says an error and ends, Socket.IO says one."""
    token = any_house.token(jti="the one", channels=["run:*"])
    other = any_house.token(jti="another", sub="bob")
    admin = any_house.token(sub="root", role="admin")
    async with contextlib.AsyncExitStack() as readers:
        held = {name: await _following(readers, any_house, name, token) for name in HOLDING}
        kept = await _following(readers, any_house, "websocket", other)
        waiting = await endings(any_house, held)
        body = {"token": token} if how == "by token" else {"user": "ada"}
        assert (await any_house.post("/api/revocations", body, admin)).status == 200
        ends = await ended(waiting)
        await any_house.live.publish(CHANNEL, "one")

        assert (await kept.next())["type"] == "one"
    assert_bad_token(ends)
    assert ends["eventsource"].message == "the token has been revoked"
    assert (await any_house.get(EVENTS, token)).status == 401


async def test_what_a_user_is_given_after_a_revocation_counts(house: House) -> None:
    """Revoking a user ends what was given so far, the sign-ins too; who may still sign in does."""
    before, cookie = house.token(sub="ann"), await house.sign_in("ann")
    house.clock.advance(1.0)
    await house.made("/api/revocations", {"user": "ann"}, house.token(role="admin"))
    house.clock.advance(1.0)

    assert (await house.get("/api/me", before)).status == 401
    assert (await house.get("/api/me", Cookie=f"{COOKIE}={cookie}")).status == 401
    assert (await house.get("/api/me", house.token(sub="ann"))).status == 200
    assert (await house.get("/api/me", Cookie=f"{COOKIE}={await house.sign_in('ann')}")).status == 200


async def test_a_ticket_of_a_revoked_token_is_worth_nothing(house: House) -> None:
    """A ticket stands for the token it was made with, and falls with it."""
    token = house.token(jti="the one")
    ticket = await house.ticket(token)
    await house.made("/api/revocations", {"token": token}, house.token(role="admin"))

    assert (await house.get(f"{EVENTS}?ticket={ticket}")).status == 401


@pytest.mark.parametrize("end", ["close", "abandon"])
async def test_a_revocation_survives_a_restart(tmp_path: Path, end: str) -> None:
    """It is in the log before it is answered: a server that starts anew on it refuses the token, and lets others in."""
    async with guarded(tmp_path, data=tmp_path / "data") as first:
        one, two, bob = first.token(jti="one"), first.token(jti="two"), first.token(sub="bob")
        admin = first.token(sub="root", role="admin")
        await first.made("/api/revocations", {"token": one}, admin)
        await first.made("/api/revocations", {"user": "bob"}, admin)
    async with guarded(tmp_path, data=tmp_path / "data") as second:
        statuses = [(await second.get("/api/me", token)).status for token in (one, two, bob)]

    assert statuses == [401, 200, 401]


@pytest.mark.parametrize(
    "body",
    [{}, {"token": 1}, {"user": ""}, {"user": "x" * 300}, {"token": "nonsense"}, {"user": "a", "token": "b"}, []],
    ids=["nothing", "a number", "nobody", "a long name", "nonsense", "both", "a list"],
)
async def test_what_cannot_be_revoked_is_a_mistake(house: House, body: object) -> None:
    """400, never 401: it is the asker's sentence that is wrong, not the asker's token."""
    assert (await house.post("/api/revocations", body, house.token(role="admin"))).status == 400


async def test_a_token_without_an_id_is_revoked_by_its_user(house: House) -> None:
    """The answer says so. What is revoked or over already is said to be."""
    admin = house.token(sub="root", role="admin")
    plain, named, over = house.token(), house.token(jti="one"), house.token(left=-60)
    assert (await house.post("/api/revocations", {"token": named}, admin)).status == 200
    answers = [await house.post("/api/revocations", {"token": token}, admin) for token in (plain, named, over)]

    assert [answer.status for answer in answers] == [400] * 3
    assert "revoke its user" in answers[0].json()["error"]["message"]
    assert "revoked" in answers[1].json()["error"]["message"]
    assert "expired" in answers[2].json()["error"]["message"]


# The bound on each user, expiry and renewal of live connections.


@pytest.mark.parametrize("transport", HOLDING)
async def test_one_connection_too_many_closes_the_oldest(any_house: House, transport: str) -> None:
    """A user has ten; the eleventh, of whatever kind, takes the place of the oldest (4009). Others are not touched."""
    async with contextlib.AsyncExitStack() as readers:
        bystander = await _following(readers, any_house, "websocket", any_house.token(sub="bob"))
        oldest = await _following(readers, any_house, transport, any_house.token())
        rest = [
            await _following(readers, any_house, HOLDING[number % len(HOLDING)], any_house.token())
            for number in range(10)
        ]
        end = await ending(oldest)
        await any_house.live.publish(CHANNEL, "one")

        assert [(await reader.next())["type"] for reader in [bystander, *rest]] == ["one"] * 11
    assert (end.code, end.close) == ("" if transport == "websocket" else "replaced", 4009)


async def test_who_leaves_makes_room(house: House) -> None:
    """Ten places are ten at a time: a user who closes one opens another, and nobody is put out."""
    async with contextlib.AsyncExitStack() as readers:
        held = [await _following(readers, house, "websocket", house.token()) for _ in range(10)]
        await held[5].close()
        await wait_until(lambda: len(house.live.running.registry.connections()) == 9)
        held[5] = await _following(readers, house, "websocket", house.token())
        await house.live.publish(CHANNEL, "one")

        assert [(await reader.next())["type"] for reader in held] == ["one"] * 10
        assert house.live.running.sessions.admission.replaced == 0


async def test_the_bound_is_a_setting_and_does_not_bind_links(tmp_path: Path) -> None:
    """`user_connections` says how many; a share link is nobody's in particular, and many may watch by it."""
    async with guarded(tmp_path, limits=replace(LIMITS, user_connections=1)) as house:
        link = await house.share()
        async with contextlib.AsyncExitStack() as readers:
            crowd = [await _following(readers, house, "websocket", link) for _ in range(5)]
            first = await _following(readers, house, "websocket", house.token())
            await _following(readers, house, "websocket", house.token())
            await house.live.publish(CHANNEL, "one")

            assert await ending(first) == Ending("", 4009)
            assert [(await reader.next())["type"] for reader in crowd] == ["one"] * 5


@pytest.mark.parametrize("way", WAYS)
async def test_expiry_ends_live_connections(any_house: House, way: str) -> None:
    """Within the grace of a token's end nobody is put out; after it everybody is, with 4001 in each wire's own way."""
    token = any_house.token(left=10.0)
    async with contextlib.AsyncExitStack() as readers:
        held = {name: await _following(readers, any_house, name, token, way) for name in HOLDING}
        any_house.sweep(14.9)
        await any_house.live.publish(CHANNEL, "late")
        assert [(await reader.next())["type"] for reader in held.values()] == ["late"] * len(held)
        waiting = await endings(any_house, held)
        any_house.sweep(0.2)
        ends = await ended(waiting)

    assert_bad_token(ends)
    assert ends["eventsource"].message == "the token has expired"


async def test_a_long_poll_ends_with_its_token(house: House) -> None:
    """A poll that waits does not wait beyond the end of its token."""
    limit = house.live.running.sessions.admission
    token = house.token(left=-4.9)
    answer = await house.get(f"{EVENTS}?since=&wait=30", token)

    assert (answer.status, answer.json()["events"]) == (200, [])
    assert limit.left(house.live.running.access.authenticate(token)) < 1


async def test_a_renewal_in_place_loses_nothing(house: House) -> None:
    """A new token in `auth` keeps the connection and its positions: nothing that is published meanwhile is lost."""
    async with contextlib.AsyncExitStack() as readers:
        socket = WebSocketReader(house.address, token=house.token(left=60))
        talker = SocketIoReader(house.address, auth={"token": house.token(left=60)})
        for reader in (socket, talker):
            await readers.enter_async_context(reader)
            await reader.subscribe(CHANNEL)
        publishing = asyncio.create_task(_publish(house, 200))
        renewal = house.token(left=600)
        answers = [
            await socket.ask({"type": "auth", "token": renewal}),
            await talker.ask("auth", {"token": renewal}),
        ]
        await publishing
        house.sweep(300)
        await house.live.publish(CHANNEL, "after")
        heard = [[(await reader.next())["offset"] for _ in range(201)] for reader in (socket, talker)]

    assert heard == [list(range(1, 202))] * 2
    for answer in answers:
        assert answer["type"] == "auth_success"
        assert (answer["user"], answer["role"]) == ("ada", "viewer")
        assert answer["expires"] == pytest.approx(house.clock.now() + 300)


async def test_a_renewal_with_fewer_rights_drops_what_they_do_not_cover(house: House) -> None:
    """The channels that are lost are named, with the reason; nothing of them is told any more, the others go on."""
    wide, narrow = house.token(channels=["*"]), house.token(channels=["run:*"])
    for reader in (WebSocketReader(house.address, token=wide), SocketIoReader(house.address, auth={"token": wide})):
        async with reader:
            for channel in ("secret:1", CHANNEL, "secret:2"):
                await reader.subscribe(channel)
            await _renew(reader, narrow)
            lost = [await reader.hear() for _ in range(2)]
            for channel in ("secret:1", "secret:2", CHANNEL):
                await house.live.publish(channel, "news")
            told = await reader.next()
            with pytest.raises(Refused, match="forbidden"):
                await reader.subscribe("secret:1")

        assert lost == [
            {"type": "unsubscribed", "channel": channel, "code": "forbidden"} for channel in ("secret:1", "secret:2")
        ]
        assert told["channel"] == CHANNEL


async def test_a_bad_renewal_ends_the_connection(house: House) -> None:
    """A token that is no token is no renewal: the client is told, and put out with 4001."""
    async with WebSocketReader(house.address, token=house.token()) as reader:
        await reader.subscribe(CHANNEL)
        assert (await reader.ask({"type": "auth", "token": house.token(left=-60)}))["type"] == "auth_failed"

        assert await ending(reader) == Ending("", 4001)


async def test_a_renewal_as_somebody_else_counts_for_that_one(house: House) -> None:
    """The place among the user's connections, and what ends them, go with the new identity."""
    async with WebSocketReader(house.address, token=house.token(sub="ada")) as reader:
        await reader.subscribe(CHANNEL)
        await reader.ask({"type": "auth", "token": house.token(sub="bob")})
        await house.made("/api/revocations", {"user": "ada"}, house.token(sub="root", role="admin"))
        await house.live.publish(CHANNEL, "one")
        assert (await reader.next())["type"] == "one"
        await house.made("/api/revocations", {"user": "bob"}, house.token(sub="root", role="admin"))

        assert await ending(reader) == Ending("", 4001)


# What each route wants.


def cases() -> list[tuple[Route, str]]:
    """Every method of every route."""
    return [(route, method) for route in ROUTES for method in route.methods]


@pytest.mark.parametrize(("route", "method"), cases(), ids=lambda part: getattr(part, "template", part))
async def test_each_route_wants_its_role(tmp_path: Path, route: Route, method: str) -> None:
    """Whoever has less than the role of the table is refused: 401 nobody, 403 a lesser role. Who has it is not."""
    async with guarded(tmp_path, limits=replace(LIMITS, wait_seconds=0.01, header_seconds=5.0)) as house:
        path = route.template.replace("{channel}", quote(CHANNEL)) + (
            "?channel=x" if "stream" in route.template else ""
        )
        tokens = {role: house.token(role=role.value, publish=["*"]) for role in Role}
        nobody = await _status(house, method, path, None)
        statuses = {role: await _status(house, method, path, token) for role, token in tokens.items()}

    assert (nobody == 401) is (route.needs is not None and route.template != "/api/sign-in")
    for role, status in statuses.items():
        allowed = route.needs is None or role.includes(route.needs)
        assert (status in (401, 403)) is not allowed, (role, status)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/channels/{}/events", None),
        ("/api/channels/{}/events?since=abc", None),
        ("/api/channels/{}/stream", None),
        ("/api/channels/{}", None),
        ("/api/stream?channel={}", None),
        ("/api/import/progress/{}", None),
        ("/api/channels/{}/events", {"type": "x"}),
        ("/api/channels/{}/events", {"no": "event"}),
    ],
)
async def test_a_refusal_says_nothing_about_what_is_there(house: House, path: str, body: object) -> None:
    """A channel that exists and one that does not are refused in the same words, to somebody and to nobody."""
    await house.live.publish("secret:1", "one")
    mistaken = "abc" in path  # which says nothing about the channel either
    for token in (house.token(channels=["run:*"], publish=["run:*"]), await house.share(), None):
        answers = []
        for channel in ("secret:1", "secret:2"):
            asked = path.format(channel)
            answer = await (house.get(asked, token) if body is None else house.post(asked, body, token))
            answers.append((answer.status, answer.body.replace(channel.encode(), b"")))

        assert answers[0] == answers[1]
        assert answers[0][0] == (401 if token is None else 400 if mistaken else 403)


async def test_a_token_is_in_no_answer_and_no_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Refused or not, what was shown is repeated nowhere."""
    caplog.set_level("DEBUG")
    token, bad = house.token(), house.token() + "x"
    bodies = [(await house.get(f"{path}?token={shown}")).body for shown in (token, bad) for path in ("/api/me", EVENTS)]
    await house.post("/api/sign-in", {"user": "ann", "password": "a wrong password"})
    async with EventSourceReader(house.address, query={"token": token}) as reader:
        await reader.subscribe(CHANNEL)

    for secret in (token, bad, "a wrong password"):
        assert not any(secret.encode() in body for body in bodies)
        assert secret not in caplog.text


async def _following(
    readers: contextlib.AsyncExitStack, house: House, transport: str, token: str, way: str = "header"
) -> Reader:
    """A reader that follows the channel."""
    reader = await readers.enter_async_context(house.reader(transport, **await house.shown(way, token)))
    await reader.subscribe(CHANNEL)
    return reader


async def _publish(house: House, count: int) -> None:
    for _ in range(count):
        await house.live.publish(CHANNEL, "step")


async def _renew(reader: WebSocketReader | SocketIoReader, token: str) -> None:
    if isinstance(reader, WebSocketReader):
        await reader.say({"type": "auth", "token": token})
        assert (await reader.hear())["type"] == "auth_success"
    else:
        await reader.ask("auth", {"token": token})


async def _status(house: House, method: str, path: str, token: str | None) -> int:
    """The status of an answer, of which a stream has no end."""
    async with EventSourceReader(house.address) as reader:
        if method == "GET" and "stream" in path:
            try:
                await reader.open(path, bearer(token))
            except Refused as refused:
                return refused.status or 0
            return 200
    return (await fetch(house.address, method, path, headers=bearer(token))).status


async def test_who_signed_in_shared_and_revoked_is_on_record(house: House) -> None:
    """The audit trail names who, what and whom, also of a try that failed; never a password or a token."""
    await house.post("/api/sign-in", {"user": "ann", "password": "wrong-password"})
    cookie = cookie_of(await house.post("/api/sign-in", {"user": "ann", "password": PASSWORD}))
    admin = house.token(sub="root", role="admin")
    await house.post("/api/shares", {"channel": CHANNEL}, admin)
    await house.post("/api/revocations", {"user": "bob"}, admin)
    await house.post("/api/sign-out", {}, headers=own(house, cookie))

    async def recorded() -> bool:
        return len((await house.get("/api/audit?since=", admin)).json()["events"]) == 5

    await wait_until(recorded)
    answer = await house.get("/api/audit?since=", admin)
    assert [(entry["action"], entry["user"], entry["target"]) for entry in answer.json()["events"]] == [
        ("sign_in_failed", "ann", None),
        ("signed_in", "ann", None),
        ("shared", "root", CHANNEL),
        ("revoked", "root", "bob"),
        ("signed_out", "ann", None),
    ]
    assert b"wrong-password" not in answer.body
