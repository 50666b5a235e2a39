"""docs/how-to/watch-applications.md: its commands, in one shell from the first to the last, against a server."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path
from random import Random

import pytest

from headway.demo.sites import Sites, serving
from headway.testing.serving import process

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "watch-applications.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
SERVER = "http://127.0.0.1:4000"
SHOP = "https://shop.example.org"
PASSWORD = "correct-horse"


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_the_commands_print_what_the_page_says(tmp_path: Path) -> None:
    """A file, a check, a server, alerts, a schedule, a badge: each command prints what stands below it."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("the examples are commands of curl, which this machine does not have")
    page = PAGE.read_text()
    (file,) = YAML.findall(page)
    lines = [line for block in CONSOLE.findall(page) for line in block.splitlines()]
    commands = "\n".join(line.removeprefix("$ ") for line in lines if line.startswith("$ "))
    printed = [line for line in lines if not line.startswith("$ ")]
    sites = Sites(PASSWORD, Random(7), 0.0)
    async with serving(sites):
        (tmp_path / "monitor.yaml").write_text(file.replace(SHOP, sites.url))
        settings = {"MONITOR_FILE": str(tmp_path / "monitor.yaml"), "LOGIN_SHOP": PASSWORD}
        async with process(tmp_path / "data", settings=settings) as server:
            url = server.address.http("").rstrip("/")
            child = await asyncio.create_subprocess_exec(
                "bash",
                "-c",
                commands.replace(SERVER, url).replace(SHOP, sites.url),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=tmp_path,
                env={
                    **os.environ,
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "XDG_CACHE_HOME": str(tmp_path / "cache"),
                    "HEADWAY_URL": url,
                },
            )
            out, err = await child.communicate()

    assert (out.decode().splitlines(), err.decode()) == (printed, "")
