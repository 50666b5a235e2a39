"""A request until it is answered, over a real socket."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from headway.pingone.errors import PingOneError, Verdict
from headway.pingone.retries import Patience
from tests.pingone.harness import ID, USERS, WORKER, answer, broken_off, dropped, refusal, stage, user

USER = f"GET {USERS}/{ID}"
TOKEN = f"POST /{WORKER}/as/token"
HERE = answer(200, user())


async def test_what_is_sent() -> None:
    """A request carries the token, and a name of its own that begins with the job's."""
    async with stage() as on:
        on.server.on(USER, HERE)
        await on.pingone.user(ID)
        await on.pingone.user(ID)

        first, second = (request.headers for request in on.server.requests[1:])
        assert first["Authorization"] == "Bearer tok-1"
        assert first["X-Ping-External-Transaction-ID"] == "headway-1"
        assert second["X-Ping-External-Transaction-ID"] == "headway-2"


@pytest.mark.parametrize(
    "failure",
    [
        answer(500, refusal("UNEXPECTED_ERROR")),
        answer(502, "<html>"),
        answer(503, ""),
        answer(504, ""),
        answer(408, {}),
        dropped,
        broken_off,
    ],
)
async def test_what_may_pass_is_tried_again(failure: web.Response) -> None:
    """5xx, 408 and lost connections are tried again after a pause, under the same name."""
    async with stage() as on:
        on.server.on(f"PATCH {USERS}/{ID}", failure, failure, HERE)
        await on.pingone.patch_user(ID, {"title": "x"})

        assert on.slept == [0.25, 0.5]
        names = {request.headers.get("X-Ping-External-Transaction-ID") for request in on.server.requests[1:]}
        assert names == {"headway-1"}


@pytest.mark.parametrize("status", [400, 405, 409, 415, 404, 302])
async def test_what_is_final_is_not(status: int) -> None:
    """A refusal of the request itself is raised at once, with both ids."""
    async with stage() as on:
        on.server.on(USER, answer(status, refusal("X")))
        with pytest.raises(PingOneError) as refused:
            await on.pingone.user(ID)

        assert on.server.count(USER) == 1
        assert refused.value.correlation_id == f"c-{status}"
        assert refused.value.refusal.transaction_id == "headway-1"
        assert not refused.value.uncertain


async def test_patience_ends() -> None:
    """What keeps failing is raised after as many tries as allowed."""
    async with stage(patience=Patience(tries=4)) as on:
        on.server.on(USER, answer(503, ""))
        with pytest.raises(PingOneError) as failed:
            await on.pingone.user(ID)

        assert on.server.count(USER) == 4
        assert failed.value.verdict is Verdict.RETRY
        assert failed.value.uncertain


async def test_it_ends_in_time() -> None:
    """And after as much time."""
    async with stage(patience=Patience(tries=1000, seconds=30)) as on:
        on.server.on(USER, answer(503, ""))
        with pytest.raises(PingOneError):
            await on.pingone.user(ID)

        assert sum(on.slept) <= 30


async def test_503_may_say_when() -> None:
    """`Retry-After` of a 503 is kept, and does not hold back others."""
    async with stage() as on:
        on.server.on(USER, answer(503, "", Retry_After="40"), HERE)
        await on.pingone.user(ID)

        assert on.slept[0] >= 40
        assert on.pingone.limiter.state().throttled == 0


@pytest.mark.parametrize("header", ["12", "Tue, 14 Nov 2023 23:13:32 GMT", None])
async def test_429_holds_everybody_back(header: str | None) -> None:
    """A 429 makes all wait for as long as it says: as a number, as a date by their clock, or as a date in a detail."""
    detail = {"code": "LIMIT_EXCEEDED", "innerError": {"retryAfter": "2023-11-14T23:13:32.000Z"}}
    told = {} if header is None else {"Retry_After": header}
    async with stage(rate=20) as on:
        on.server.ahead = 3600
        on.server.on(USER, answer(429, refusal("REQUEST_LIMITED", detail), **told), HERE)
        await on.pingone.user(ID)

        assert 12 <= on.clock.monotonic() <= 12.2
        assert on.pingone.limiter.state().rate == 10


async def test_429_without_a_time() -> None:
    """A 429 that does not say how long makes all wait for a pause like any other."""
    async with stage(rate=20) as on:
        on.server.on(USER, answer(429, ""), HERE)
        await on.pingone.user(ID)

        assert on.clock.monotonic() >= 0.25


async def test_being_throttled_is_not_failing() -> None:
    """Long waits that PingOne asks for do not use up patience; the number of tries does."""
    async with stage(patience=Patience(tries=5, seconds=10)) as on:
        on.server.on(USER, *[answer(429, "", Retry_After="300")] * 4, HERE)
        await on.pingone.user(ID)
        on.server.on(USER, answer(429, "", Retry_After="300"))
        with pytest.raises(PingOneError) as refused:
            await on.pingone.user(ID)

        assert refused.value.status == 429
        assert on.server.count(USER) == 10
        assert on.clock.monotonic() >= 8 * 300
        assert str(on.pingone.limiter.state()) == "throttled, retry in 300 s"


async def test_a_token_that_dies() -> None:
    """A 401 in the middle of a run costs one new token, however many were under way, and one more try each."""

    async def check(request: web.Request) -> web.StreamResponse:
        return answer(200, user()) if request.headers["Authorization"] == "Bearer tok-2" else answer(401, refusal("X"))

    async with stage() as on:
        on.server.on(TOKEN, *[answer(200, {"access_token": f"tok-{n}", "expires_in": 3600}) for n in (1, 2, 3)])
        on.server.on(USER, check)
        await asyncio.gather(*(on.pingone.user(ID) for _ in range(10)))

        assert on.server.count(TOKEN) == 2
        assert on.server.count(USER) <= 20


async def test_a_new_token_that_is_not_taken_either() -> None:
    """The second 401 in a row is final, and stops."""
    async with stage() as on:
        on.server.on(TOKEN, *[answer(200, {"access_token": f"tok-{n}", "expires_in": 3600}) for n in (1, 2, 3)])
        on.server.on(USER, answer(401, refusal("ACCESS_FAILED", {"code": "INVALID_TOKEN"})))
        with pytest.raises(PingOneError) as refused:
            await on.pingone.user(ID)

        assert on.server.count(USER) == 2
        assert on.server.count(TOKEN) == 2
        assert refused.value.verdict.stops


async def test_another_401_later_is_another() -> None:
    """After a try that failed otherwise, a 401 costs a new token again."""
    async with stage() as on:
        on.server.on(TOKEN, *[answer(200, {"access_token": f"tok-{n}", "expires_in": 3600}) for n in (1, 2, 3)])
        denied = answer(401, refusal("X"))
        on.server.on(USER, denied, answer(503, ""), denied, HERE)
        await on.pingone.user(ID)

        assert on.server.count(TOKEN) == 3


async def test_a_token_is_fetched_when_the_turn_comes() -> None:
    """Who waits in the queue takes the token that is good then: one that lives five seconds is enough."""
    async with stage(rate=0.5, life=5) as on:
        on.server.on(TOKEN, *[answer(200, {"access_token": f"tok-{n}", "expires_in": 5}) for n in range(20)])
        on.server.on(USER, HERE)
        for _ in range(8):
            await on.pingone.user(ID)

        used = [request.headers["Authorization"] for request in on.server.requests if request.path.startswith("/v1")]
        assert len(set(used)) == 4


async def test_a_token_that_cannot_be_had_leaves_open_what_was_open() -> None:
    """If the new token fails, whether the request was done is as open as before, and no more."""
    async with stage() as on:
        good = answer(200, {"access_token": "tok-1", "expires_in": 3600})
        for first, uncertain in ((answer(503, ""), True), (answer(429, "", Retry_After="0"), False)):
            on.server.on(TOKEN, good, answer(401, {"error": "invalid_client"}))
            on.server.on(USER, first, answer(401, refusal("X")))
            on.pingone.tokens._header = ""  # begin anew
            on.pingone.tokens._renew_at = 0
            with pytest.raises(PingOneError, match="gives no token") as failed:
                await on.pingone.user(ID)

            assert failed.value.uncertain is uncertain


async def test_permissions_may_take_a_moment() -> None:
    """Before anything has succeeded, a 403 may pass; afterwards it is final, and so is a licence that is full."""
    denied = answer(403, refusal("ACCESS_FAILED", {"code": "INSUFFICIENT_PERMISSIONS"}))
    async with stage(patience=Patience(settling=10)) as on:
        on.server.on(USER, denied, denied, HERE)
        await on.pingone.user(ID)
        on.server.on(USER, denied)
        with pytest.raises(PingOneError) as refused:
            await on.pingone.user(ID)

        assert on.server.count(USER) == 4
        assert refused.value.verdict is Verdict.STOP

    full = answer(403, refusal("ACCESS_FAILED", {"code": "LICENSE_EXCEEDED"}))
    async with stage(patience=Patience(settling=10)) as on:
        on.server.on(USER, full)
        with pytest.raises(PingOneError):
            await on.pingone.user(ID)

        assert on.server.count(USER) == 1


async def test_permissions_that_do_not_come() -> None:
    """A 403 that stays is raised when that moment is over."""
    async with stage(patience=Patience(settling=10)) as on:
        on.server.on(USER, answer(403, refusal("ACCESS_FAILED")))
        with pytest.raises(PingOneError):
            await on.pingone.user(ID)

        assert 5 <= on.clock.monotonic() <= 20


@pytest.mark.parametrize(
    ("body", "reason"),
    [("<html>hunter2</html>", "is text/plain, not JSON"), ("", "is text/plain, not JSON"), ('{"id": "x', "not JSON")],
)
async def test_a_yes_that_cannot_be_read(body: str, reason: str) -> None:
    """A page instead of JSON, or JSON that ends early, is asked for once more, then raised and not quoted."""
    async with stage() as on:
        on.server.on(USER, answer(200, body))
        with pytest.raises(PingOneError, match=reason) as failed:
            await on.pingone.user(ID)

        assert on.server.count(USER) == 2
        assert failed.value.uncertain
        assert "hunter2" not in str(failed.value)


async def test_json_of_another_shape() -> None:
    """JSON that is no user is none."""
    async with stage() as on:
        bodies: list[object] = [[], 7, {}, {"id": 7}, {"id": ID, "createdAt": "yesterday"}]
        for body in bodies:
            on.server.on(USER, answer(200, body))
            with pytest.raises(PingOneError, match="not the JSON that belongs there"):
                await on.pingone.user(ID)
