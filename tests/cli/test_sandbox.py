"""`headway pingone-sandbox` in a process of its own."""

from __future__ import annotations

import json
import re
import signal

import aiohttp
import pytest

from headway.testing.serving import listener
from tests.cli.harness import command, refusal, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


async def token_status(told: dict[str, str], application: dict[str, str]) -> int:
    """How asking for a token as an application is answered."""
    proof = aiohttp.encode_basic_auth(application["client_id"], application["client_secret"])
    address = f"{told['auth']}/{application['environment']}/as/token"
    form = {"grant_type": "client_credentials"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(address, data=form, headers={"Authorization": proof}) as response,
    ):
        return response.status


async def test_it_prints_what_a_client_needs() -> None:
    """Its addresses and the credentials of its applications, for people or as JSON; whoever reads it can come in."""
    async with command("pingone-sandbox", "--port", "0", "--json") as sandbox:
        told = json.loads(await sandbox.line())
        statuses = [await token_status(told, one) for one in told["applications"]]
        sandbox.interrupt()
        finished = await sandbox.ended()
    async with command("pingone-sandbox", "--port", "0", "--seed", "1") as sandbox:
        lines = [await sandbox.line() for _ in range(7)]
        sandbox.send(signal.SIGTERM)
        terminated = await sandbox.ended()

    assert told["api"] == f"{told['auth']}/v1"
    assert statuses == [200, 401, 200]
    assert (finished.code, finished.err, terminated.code, terminated.err) == (0, "", 0, "")
    assert re.fullmatch(r"api +http://127\.0\.0\.1:[1-9]\d*/v1", lines[0])
    assert lines[5].split()[-1] == told["applications"][0]["client_secret"]


async def test_faults_are_set_on_the_command_line() -> None:
    """Names and numbers; the latency has an option of its own."""
    async with command(
        "pingone-sandbox", "--port", "0", "--json", "--latency", "5", "--faults", "errors=3,lag=500"
    ) as sandbox:
        told = json.loads(await sandbox.line())
        async with aiohttp.ClientSession() as session, session.get(f"{told['auth']}/__sandbox/faults") as response:
            faults = await response.json()

    assert (faults["latency"], faults["errors"], faults["lag"], faults["dropped"]) == (5, 3, 500, 0)


async def test_a_port_that_is_taken_is_named() -> None:
    """Exit code 2, and what to do."""
    with listener() as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        finished = await run("pingone-sandbox", "--port", port)

    assert (finished.code, finished.out) == (2, "")
    assert f"--port: 127.0.0.1:{port} cannot be used" in finished.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", "plague=1"], "--faults: plague: no such fault"),
        (["--faults", "errors"], "--faults: a fault is a name and a number"),
        (["--faults", "errors=101"], "--faults: errors: from 0 to 100"),
        (["--latency", "-1"], "--latency: from 0"),
        (["--token-seconds", "0"], "--token-seconds: more than 0"),
        (["--rate", "inf"], "--rate: calls a second"),
        (["--burst", "0.5"], "--burst: from one call"),
    ],
)
def test_a_set_up_that_cannot_be_is_explained(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Exit code 2, with the flag that is wrong."""
    finished = refusal(capsys, "pingone-sandbox", *arguments)

    assert (finished.code, finished.out) == (2, "")
    assert words in finished.err
