"""Applications, their tokens, and what is theirs to see."""

from __future__ import annotations

import pytest

from tests.sandbox.harness import Got, standing


def assert_denied(got: Got, error: str, words: str) -> None:
    """The OAuth error and its sentence."""
    assert got.document["error"] == error
    assert words in got.document["error_description"]
    assert f"(Correlation ID: {got.headers['correlation-id']})" in got.document["error_description"]


async def test_a_token_is_given_for_credentials() -> None:
    """200 with a bearer token and its life, and no refresh token."""
    async with standing(token_seconds=60) as place:
        got = await place.ask_token(place.sandbox.applications[0])

    assert got.status == 200
    assert got.headers["content-type"] == "application/json"
    assert {**got.document, "access_token": ""} == {"access_token": "", "token_type": "Bearer", "expires_in": 60}
    assert got.document["access_token"].count(".") == 2


@pytest.mark.parametrize("number", [0, 1])
async def test_each_application_has_one_way_to_prove_itself(number: int) -> None:
    """`tokenEndpointAuthMethod` is kept to: the secret in the header or in the body, and the other one is refused."""
    async with standing() as place:
        application, other = place.sandbox.applications[number], place.sandbox.applications[1 - number]
        right = await place.ask_token(application)
        wrong = await place.ask_token(application, method=other.method.value)

    assert (right.status, wrong.status) == (200, 401)
    assert_denied(wrong, "invalid_client", "Request denied: Unsupported authentication method (Correlation ID: ")


@pytest.mark.parametrize("changed", [{"id": "nobody"}, {"secret": "wrong"}, {"secret": ""}, {"secret": "Ünïcode"}])
async def test_wrong_credentials_are_an_invalid_client(changed: dict[str, str]) -> None:
    """401 invalid_client, which does not say what was wrong."""
    async with standing() as place:
        got = await place.ask_token(place.sandbox.applications[0], **changed)

    assert got.status == 401
    assert_denied(got, "invalid_client", "Request denied: Invalid client credentials")


async def test_an_application_is_found_only_where_it_lives() -> None:
    """The environment of the token's address is the application's, not the one that is worked on."""
    async with standing() as place:
        elsewhere = await place.ask_token(place.sandbox.applications[0], where=place.sandbox.production)
        nowhere = await place.ask_token(place.sandbox.applications[0], where="nowhere")

    assert (elsewhere.status, nowhere.status) == (401, 404)


async def test_only_client_credentials_are_granted() -> None:
    """Any other grant is refused."""
    async with standing() as place:
        got = await place.ask_token(place.sandbox.applications[0], grant="password")

    assert got.status == 400
    assert_denied(got, "unsupported_grant_type", "Unsupported grant type")


async def test_a_token_opens_both_environments() -> None:
    """It counts in environments other than the application's own."""
    async with standing() as place:
        got = await place.get(f"{place.sandbox.api}/environments/{place.sandbox.production}")

    assert (got.status, got.document["type"]) == (200, "PRODUCTION")


async def test_a_token_dies_in_time() -> None:
    """After its life it is answered 401 INVALID_TOKEN; a new one is good."""
    async with standing(token_seconds=5) as place:
        place.clock.advance(4.9)
        before = await place.get("/users")
        place.clock.advance(0.2)
        after = await place.get("/users")
        await place.sign_in()
        renewed = await place.get("/users")

    assert (before.status, after.status, renewed.status) == (200, 401, 200)
    assert (after.document["code"], after.problems) == ("ACCESS_FAILED", [("INVALID_TOKEN", "")])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic eDp5", "Bearer ä"])
async def test_whatever_is_no_token_is_refused(header: str) -> None:
    """Nothing below an environment is answered without a token."""
    async with standing() as place:
        got = await place.call("GET", "/users", headers={"Authorization": header})

    assert (got.status, got.document["code"]) == (401, "ACCESS_FAILED")


@pytest.mark.parametrize("environment", ["nowhere", "00000000-0000-4000-8000-000000000000", "%00"])
async def test_an_unknown_environment_is_forbidden(environment: str) -> None:
    """403 ACCESS_FAILED, not 404."""
    async with standing() as place:
        got = await place.get(f"{place.sandbox.api}/environments/{environment}/users")

    assert (got.status, got.document["code"]) == (403, "ACCESS_FAILED")
    assert got.document["message"].endswith("You do not have access to this resource.")


async def test_a_reader_reads_and_does_not_write() -> None:
    """An application without the role is 403 INSUFFICIENT_PERMISSIONS."""
    async with standing() as place:
        await place.sign_in(place.sandbox.applications[2])
        read, written = await place.get("/users"), await place.add()

    assert (read.status, written.status) == (200, 403)
    assert written.problems == [("INSUFFICIENT_PERMISSIONS", "")]
