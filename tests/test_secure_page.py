"""docs/how-to/secure-a-server.md: its commands, in one shell from the first to the last, against a server."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from headway.testing.serving import process

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "secure-a-server.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
ON_THE_PAGE = "http://127.0.0.1:4000"
SECRET = "a secret that stands in a file of its own"


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_the_commands_print_what_the_page_says(tmp_path: Path) -> None:
    """Tokens, people, links and revocations: each command prints what stands below it."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the examples are commands of curl, which this machine does not have")
    lines = [line for block in CONSOLE.findall(PAGE.read_text()) for line in block.splitlines()]
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    printed = [line for line in lines if not line.startswith("$ ")]
    (tmp_path / "secret").write_text(SECRET)
    settings = {"SECRET": SECRET, "USERS": str(tmp_path / "users.json")}
    async with process(tmp_path / "data", settings=settings) as server:
        script = "\n".join(commands).replace(ON_THE_PAGE, server.address.http("").rstrip("/"))
        child = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            f"set -o pipefail\n{script}",
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
        said = out.decode().replace(server.address.http("").rstrip("/"), ON_THE_PAGE)

    # Where an answer has no line end the shell puts the next beside it.
    assert (said.replace("\n", ""), err.decode()) == ("".join(printed), "")
