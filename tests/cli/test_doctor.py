"""`headway doctor` in a process of its own, and what it prints."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest
from rich.console import Console

from headway.cli.diagnosis import show
from headway.client.address import Address as Place
from headway.client.doctor import Check, Report
from headway.client.doctor.judgement import judge
from headway.client.doctor.observed import Access, Kind, Observed, ServerSeen, Stage, Trial, Trouble, WaySeen
from headway.client.doctor.patience import Patience
from headway.server.live import Headway
from headway.testing.middlebox import Carried, Fault, Middlebox
from headway.testing.serving import Address, serving
from tests.cli.harness import refusal, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

BAD = Trouble(Kind.STRIPPED, Stage.OPEN, "the server was not asked for an upgrade", 404)


@pytest.fixture
async def server() -> AsyncIterator[Address]:
    """A server."""
    async with serving(Headway()) as address:
        yield address


def stripped() -> Report:
    """A report on a proxy that was not told of upgrades."""
    trials = (
        Trial(Check.WEBSOCKET, trouble=BAD),
        Trial(Check.SOCKETIO, trouble=BAD),
        Trial(Check.POLLING, connect=0.01, ping=0.01, lags=(0.01,)),
    )
    place = Place.parse("https://live.example.org")
    seen = Observed(place, WaySeen("live.example.org", 443), ServerSeen(200, headway=True, healthy=True))
    return judge(replace(seen, access=Access(channel="x"), trials=trials), Patience(), "1.0")


async def test_where_all_is_good_it_exits_with_0(server: Address) -> None:
    """The report is a table and a verdict, without a colour or a word on stderr where nobody looks at a terminal."""
    finished = await run("doctor", server.http(""))

    assert (finished.code, finished.err) == (0, "")
    assert "\x1b" not in finished.out
    assert re.search(r"^✔ WebSocket +[\d.]+ ms", finished.out, re.MULTILINE)
    assert "each told once" in finished.out
    assert all(line == line.rstrip() and len(line) <= 80 for line in finished.out.splitlines())


async def test_where_something_is_impaired_it_exits_with_1(server: Address) -> None:
    """With --json stdout is one document, and nothing else."""
    async with Middlebox(server) as box:
        box.set(Carried.WEBSOCKET, Fault.REFUSE_UPGRADE)

        finished = await run(
            "doctor", box.address.http(""), "--json", "--only", "websocket", "--only", "polling", "--idle", "0"
        )

    assert (finished.code, finished.err) == (1, "")
    fields = msgspec.json.decode(finished.out)
    assert fields["verdict"] == "impaired"
    assert [(trial["name"], trial["level"]) for trial in fields["transports"]] == [
        ("websocket", "failed"),
        ("polling", "good"),
    ]
    assert [finding["code"] for finding in fields["findings"]] == ["upgrade_refused"]


async def test_where_nothing_works_it_exits_with_2() -> None:
    """A server that is not there is unusable, and no traceback."""
    finished = await run("doctor", "http://headway.invalid")

    assert finished.code == 2
    assert "There is no host headway.invalid" in finished.out
    assert finished.out.rstrip().endswith("Unusable: no transport could be tried.")


async def test_the_token_comes_from_the_environment(server: Address) -> None:
    """It is shown to the server alone."""
    async with serving(Headway(secret="a secret of thirty-two characters and more")) as closed:
        finished = await run("doctor", closed.http(""), settings={"HEADWAY_TOKEN": "not.a.token"})

    assert finished.code == 2
    assert "not.a.token" not in finished.out + finished.err
    assert "does not take the token" in finished.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["doctor"], "Missing argument 'URL'"),
        (["doctor", "ftp://x"], "is no URL of a server"),
        (["doctor", "http://x", "--only", "carrier-pigeon"], "carrier-pigeon"),
        (["doctor", "http://x", "--idle", "-1"], "--idle"),
        (["doctor", "http://x", "--token", "tokén"], "this is no token"),
    ],
)
def test_a_wrong_call_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """Before anything is asked of anybody, with the code of every wrong call."""
    finished = refusal(capsys, *arguments)

    assert finished.code == 2
    assert said in finished.err


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_it_fits_into_a_terminal(width: int) -> None:
    """In every usual width no line is longer, and nothing that matters is cut off."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None, highlight=False)

    show(stripped(), console)

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= min(width, 120)
    assert not any("…" in line for line in lines)


def test_advice_that_is_the_same_is_given_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Two transports with one cause have a sentence each, and one recipe."""
    show(stripped())

    out = capsys.readouterr().out
    assert out.count("✘ WebSocket: ") == out.count("✘ Socket.IO: ") == 1
    assert out.count("proxy_set_header Upgrade $http_upgrade;") == 1


def test_what_a_stranger_says_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Headers and reasons come from the network."""
    report = stripped()
    evil = replace(report.findings[0], sentence="\x1b[2Jgone")

    show(replace(report, findings=(evil,)))

    assert "\x1b" not in capsys.readouterr().out
