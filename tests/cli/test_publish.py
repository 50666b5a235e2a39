"""`headway publish` in a process of its own, against a server in this one."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from headway.client import Event, Told, connect
from headway.positions import Position
from headway.server.live import Headway
from headway.testing.serving import listener, serving
from tests.cli.harness import refusal, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]
SECRET = "a secret of more than thirty-two bytes"


async def first_events(url: str, channel: str, count: int) -> list[Told]:
    """What a reader is told from the beginning."""
    async with connect(url) as client:
        events = client.channel(channel, since="")
        return [await anext(events) for _ in range(count)]


async def test_prints_the_position(tmp_path: Path) -> None:
    """The position goes to stdout, so that a script can keep it."""
    async with serving(Headway(tmp_path)) as address:
        url = address.http("")
        finished = await run("publish", "run:7", "progress", '{"percent": 40}', "--key", "progress", "--url", url)
        (event,) = await first_events(url, "run:7", 1)

    assert (finished.code, finished.err) == (0, "")
    assert isinstance(event, Event)
    assert (event.type, event.data, event.position) == (
        "progress",
        {"percent": 40},
        Position.parse(finished.out.strip()),
    )


async def test_reads_the_data_from_stdin() -> None:
    """`-` takes the data from a pipe; the server is found by the environment too."""
    async with serving(Headway()) as address:
        settings = {"HEADWAY_URL": address.http("")}
        finished = await run("publish", "run", "step", "-", stdin='{"text": "ü"}\n', settings=settings)
        (event,) = await first_events(address.http(""), "run", 1)

    assert finished.code == 0
    assert isinstance(event, Event)
    assert event.data == {"text": "ü"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a b", "step"], "a channel name is 1 to 255 visible characters"),
        (["run", "subscribed"], "'subscribed' belongs to the protocol"),
        (["run", "step", "[1"], "the data is not JSON"),
        (["run", "step", "[1]"], "the data is a JSON object"),
        (["run", "step", '{"offset": 1}'], "the data uses 'offset'"),
        (["run", "step", "--url", "ftp://host"], "'ftp://host' is no URL of a server"),
    ],
)
def test_what_cannot_be_published_is_refused_here(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    """A mistake is found before anything is sent."""
    finished = refusal(capsys, "publish", *arguments)

    assert (finished.code, finished.out) == (2, "")
    assert sentence in finished.err
    assert finished.err.count("\n") == 1


async def test_a_server_that_is_not_there_is_given_up() -> None:
    """After the time given to it: code 1, and the key with which trying again is safe."""
    with listener() as reserved:
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    finished = await run("publish", "run", "step", "--url", url, "--timeout", "2", "--idempotency-key", "mine")

    assert (finished.code, finished.out) == (1, "")
    assert finished.err.splitlines()[0] == f"waiting for {url} (connection refused)"
    assert "within 2 s (connection refused); " in finished.err
    assert "--idempotency-key mine" in finished.err


async def test_a_token_that_is_not_valid_has_a_code_of_its_own() -> None:
    """Code 3 asks for a token; with one that may publish, it is published."""
    async with serving(Headway(secret=SECRET)) as address:
        url = address.http("")
        without = await run("publish", "run", "step", "--url", url)
        claims = {"sub": "ann", "exp": 4_000_000_000, "publish": ["run"]}
        token = jwt.encode(claims, SECRET, algorithm="HS256")
        with_one = await run("publish", "run", "step", "--url", url, settings={"HEADWAY_TOKEN": token})

    assert (without.code, without.out) == (3, "")
    assert "a token is needed" in without.err
    assert "HEADWAY_TOKEN" in without.err
    assert with_one.code == 0
