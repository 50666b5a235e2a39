"""Access tokens."""

from __future__ import annotations

import asyncio
import base64
import json
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from headway.errors import UsageError
from headway.pingone.errors import PingOneError, Verdict
from headway.pingone.token import Credential, Method
from tests.pingone.harness import CLIENT, SECRET, WORKER, Stage, answer, dropped, stage

PATH = f"/{WORKER}/as/token"
TOKEN = f"POST {PATH}"
WRONG_METHOD = {
    "error": "invalid_client",
    "error_description": "Request denied: Unsupported authentication method (Correlation ID: c-1)",
}


def token(name: str = "tok-1", **more: object) -> web.Response:
    """An answer with a token."""
    return answer(200, {"access_token": name, "token_type": "Bearer", "expires_in": 3600, **more})


def by(stage: Stage) -> list[Method]:
    """How each request for a token proved itself."""
    methods = []
    for request, body in zip(stage.server.requests, stage.server.bodies, strict=True):
        if request.path == PATH:
            methods.append(Method.BASIC if "Authorization" in request.headers else Method.POST)
            fields = parse_qs(body.decode())
            assert fields["grant_type"] == ["client_credentials"]
            if methods[-1] is Method.POST:
                assert (fields["client_id"], fields["client_secret"]) == ([CLIENT], [SECRET])
            else:
                pair = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
                assert pair == f"{CLIENT}:{SECRET}"
                assert "client_secret" not in fields
    return methods


@pytest.mark.parametrize(
    ("environment", "client", "secret"),
    [("a/b", CLIENT, SECRET), (WORKER, "a:b", SECRET), (WORKER, CLIENT, ""), (WORKER, CLIENT, "a\nb")],
)
def test_credentials(environment: str, client: str, secret: str) -> None:
    """What cannot be a credential is refused, and no repr shows a secret."""
    with pytest.raises(UsageError):
        Credential(environment, client, secret)
    assert SECRET not in repr(Credential(WORKER, CLIENT, SECRET))


async def test_it_is_asked_for_once() -> None:
    """One token serves until it is renewed, however many ask for it together."""
    async with stage() as on:
        headers = await asyncio.gather(*(on.pingone.tokens.header() for _ in range(20)))

        assert set(headers) == {"Bearer tok-1"}
        assert by(on) == [Method.BASIC]


@pytest.mark.parametrize("life", [5, 60, 3600])
async def test_it_is_renewed_early(life: float) -> None:
    """After four fifths of its life the next one is fetched, however short that is."""
    async with stage() as on:
        on.server.on(TOKEN, token("tok-1", expires_in=life), token("tok-2", expires_in=life))
        await on.pingone.tokens.header()
        on.clock.advance(life * 0.79)
        before = await on.pingone.tokens.header()
        on.clock.advance(life * 0.02)
        after = await asyncio.gather(*(on.pingone.tokens.header() for _ in range(5)))

        assert before == "Bearer tok-1"
        assert set(after) == {"Bearer tok-2"}
        assert on.server.count(TOKEN) == 2


@pytest.mark.parametrize("more", [{}, {"expires_in": 0}, {"expires_in": -1}])
async def test_a_life_that_is_not_told(more: dict[str, object]) -> None:
    """A token that does not say how long it lives is renewed after a few minutes."""
    async with stage() as on:
        on.server.on(TOKEN, answer(200, {"access_token": "tok-1", **more}), token("tok-2"))
        await on.pingone.tokens.header()
        on.clock.advance(239)
        assert await on.pingone.tokens.header() == "Bearer tok-1"
        on.clock.advance(2)
        assert await on.pingone.tokens.header() == "Bearer tok-2"


async def test_the_other_method_is_tried_once_and_remembered() -> None:
    """On `invalid_client` the client proves itself by Post, and begins with that the next time."""
    async with stage() as on:
        on.server.on(TOKEN, answer(401, WRONG_METHOD), token("tok-1"), token("tok-2"))
        first = await on.pingone.tokens.header()
        second = await on.pingone.tokens.renew(first)

        assert (first, second) == ("Bearer tok-1", "Bearer tok-2")
        assert by(on) == [Method.BASIC, Method.POST, Method.POST]
        assert on.pingone.tokens.method is Method.POST


async def test_a_method_that_changes() -> None:
    """When the application's method is changed in between, the other one is found again."""
    async with stage() as on:
        on.server.on(TOKEN, token("tok-1"), answer(401, WRONG_METHOD), token("tok-2"), token("tok-3"))
        stale = await on.pingone.tokens.header()
        stale = await on.pingone.tokens.renew(stale)
        await on.pingone.tokens.renew(stale)

        assert by(on) == [Method.BASIC, Method.BASIC, Method.POST, Method.POST]


async def test_both_methods_refused() -> None:
    """`invalid_client` twice is final: it stops, says what to check, and those who waited do not ask again."""
    async with stage() as on:
        on.server.on(TOKEN, answer(401, {"error": "invalid_client", "error_description": f"no {SECRET}"}))
        errors = await asyncio.gather(*(on.pingone.tokens.header() for _ in range(10)), return_exceptions=True)

        assert by(on) == [Method.BASIC, Method.POST]
        for error in errors:
            assert isinstance(error, PingOneError)
            assert error.verdict is Verdict.STOP
            assert "Check region, environment id, client id and client secret" in str(error)
            assert SECRET not in str(error)
            assert error.correlation_id == "c-401"


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_other_refusals_are_final(status: int) -> None:
    """What is not about the method is not tried by another one."""
    async with stage() as on:
        on.server.on(TOKEN, answer(status, {"error": "unauthorized_client"}))
        with pytest.raises(PingOneError, match="gives no token: unauthorized_client") as refused:
            await on.pingone.tokens.header()

        assert refused.value.verdict is Verdict.STOP
        assert by(on) == [Method.BASIC]


async def test_a_server_that_fails_is_asked_again() -> None:
    """5xx, 429 and a lost connection are tried again, after what `Retry-After` asks for."""
    async with stage() as on:
        on.server.on(TOKEN, answer(503, "down"), answer(429, {}, Retry_After="7"), dropped, token())
        header = await on.pingone.tokens.header()

        assert header == "Bearer tok-1"
        assert on.slept[1] >= 7
        assert len(on.slept) == 3


@pytest.mark.parametrize(
    "body",
    [
        "<html>hunter2</html>",
        "{",
        '"x"',
        "[]",
        "{}",
        '{"access_token": 7}',
        '{"access_token": ""}',
        '{"access_token": "a\\nb"}',
        '{"access_token": "ä"}',
        json.dumps({"access_token": "x" * 20_000}),
    ],
)
async def test_an_answer_without_a_token(body: str) -> None:
    """What holds no token, or one that no header can carry, is a failure that is not quoted."""
    async with stage() as on:
        on.server.on(TOKEN, answer(200, body))
        with pytest.raises(PingOneError, match="holds no token") as failed:
            await on.pingone.tokens.header()

        assert "hunter2" not in str(failed.value)


async def test_the_old_one_goes_on() -> None:
    """If renewing fails while the old token lives, nobody waits and nobody fails."""
    async with stage() as on:
        on.server.on(TOKEN, token("tok-1", expires_in=1000), answer(503, "down"))
        await on.pingone.tokens.header()
        on.clock.advance(801)
        headers = [await on.pingone.tokens.header() for _ in range(3)]
        asked = on.server.count(TOKEN)
        on.clock.advance(21)
        await on.pingone.tokens.header()

        assert headers == ["Bearer tok-1"] * 3
        assert (asked, on.server.count(TOKEN)) == (2, 3)
        assert on.slept == []
        on.clock.advance(1000)
        with pytest.raises(PingOneError, match="503"):
            await on.pingone.tokens.header()


async def test_one_new_token_for_many_401() -> None:
    """However many are told 401 with the same token, one new one is fetched."""
    async with stage() as on:
        on.server.on(TOKEN, token("tok-1"), token("tok-2"), token("tok-3"))
        stale = await on.pingone.tokens.header()
        renewed = await asyncio.gather(*(on.pingone.tokens.renew(stale) for _ in range(10)))
        late = await on.pingone.tokens.renew(stale)

        assert {*renewed, late} == {"Bearer tok-2"}
        assert on.server.count(TOKEN) == 2


async def test_who_is_cancelled_leaves_it_to_the_next() -> None:
    """If the one who asks is cancelled, the next of those who wait asks."""
    asked, forever = asyncio.Event(), asyncio.Event()

    async def hang(_request: web.Request) -> web.StreamResponse:
        asked.set()
        await forever.wait()
        return token("never")

    async with stage() as on:
        on.server.on(TOKEN, hang, token("tok-2"))
        first = asyncio.create_task(on.pingone.tokens.header())
        await asked.wait()
        second = asyncio.create_task(on.pingone.tokens.header())
        await asyncio.sleep(0)
        first.cancel()

        assert await second == "Bearer tok-2"
        forever.set()
        await asyncio.gather(first, return_exceptions=True)
