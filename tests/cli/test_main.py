"""`headway` itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

import headway
from headway.cli.application import COMMANDS
from tests.cli.harness import refusal, run


async def test_the_version_is_one_line() -> None:
    """`headway --version` is for scripts and bug reports."""
    finished = await run("--version")

    assert (finished.code, finished.out, finished.err) == (0, f"headway {headway.__version__}\n", "")


async def test_the_help_names_every_command() -> None:
    """`headway --help` says what there is, a sentence each."""
    finished = await run("--help")

    assert finished.code == 0
    for name, sentence in COMMANDS.items():
        assert name in finished.out
        assert sentence.partition(".")[0] in finished.out


@pytest.mark.parametrize("name", COMMANDS)
async def test_every_command_explains_itself(name: str) -> None:
    """Each command has help with its options."""
    finished = await run(name, "--help")

    assert finished.code == 0
    assert f"Usage: headway {name}" in finished.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["watch"],
        ["publish", "run"],
        ["serve", "--nonsense"],
        ["watch", "a", "--transport", "x"],
        ["token", "--user", "ann", "--role", "king"],
        ["user", "crown", "ann"],
        ["user", "add", "ann", "--password", "on the command line"],
    ],
)
def test_a_call_that_cannot_be_is_explained(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """A mistake in the call ends with code 2, a reason on stderr and nothing on stdout."""
    finished = refusal(capsys, *arguments)

    assert (finished.code, finished.out) == (2, "")
    assert "Traceback" not in finished.err
    assert "Error: " in finished.err


def test_the_help_does_not_wait_for_a_server_to_load() -> None:
    """What a command needs is loaded when it is called, not before."""
    program = (
        "import sys, headway.cli\n"
        "try: headway.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr.split()

    heavy = {"uvicorn", "starlette", "fastapi", "pydantic", "pydantic_settings", "rich", "httpx2", "websockets"}
    assert heavy.intersection(loaded) == set()
