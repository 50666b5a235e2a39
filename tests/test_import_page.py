"""docs/how-to/import-users.md: its commands, in one shell from the first to the last, against a server."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from headway.testing.serving import process

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "import-users.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_the_commands_print_what_the_page_says(tmp_path: Path) -> None:
    """A dry run, an import, the same once more, columns of other names: each command prints what stands below it."""
    if shutil.which("bash") is None:
        pytest.skip("the examples are commands of a shell, which this machine does not have")
    lines = [line for block in CONSOLE.findall(PAGE.read_text()) for line in block.splitlines()]
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    printed = [line for line in lines if not line.startswith("$ ")]
    async with process(tmp_path / "data") as server:
        child = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            "\n".join(commands),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=tmp_path,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HEADWAY_URL": server.address.http("").rstrip("/"),
            },
        )
        out, err = await child.communicate()

    assert (out.decode().replace("\ufeff", "").splitlines(), err.decode()) == (printed, "")
