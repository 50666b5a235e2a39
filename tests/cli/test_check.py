"""`headway check`, with a file and with a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from headway.testing.waiting import wait_until
from tests.apps.monitor.runs.stand import Targets, health, stand, targets
from tests.cli.harness import command, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where leases of browsers are, is the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
async def there() -> AsyncIterator[Targets]:
    """Applications to be tested."""
    async with targets() as found:
        yield found


async def written(folder: Path, there: Targets) -> str:
    """A file of two applications; JSON is YAML."""
    good, bad = health("good", f"{there.url}/ok", tags=["fine"]), health("bad", f"{there.url}/broken")
    file = folder / "monitor.yaml"
    await asyncio.to_thread(file.write_bytes, msgspec.json.encode({"applications": [good, bad]}))
    return str(file)


async def test_a_file_is_tested_from_here(there: Targets, tmp_path: Path) -> None:
    """1 says that something failed, and which; the JUnit file has all of it. 0: what was chosen passed."""
    file, out = await written(tmp_path, there), tmp_path / "junit.xml"
    failed = await run("check", "--file", file, "--junit", str(out))
    passed = await run("check", "--file", file, "--tag", "fine", "--json")
    suite = ElementTree.fromstring(await asyncio.to_thread(out.read_bytes)).find("testsuite")

    assert failed.code == 1, failed.err
    assert [line.split()[:2] for line in sorted(failed.out.splitlines()[:2])] == [["FAILED", "bad"], ["passed", "good"]]
    assert failed.out.splitlines()[-1].startswith("1 passed, 1 failed in ")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert (passed.code, msgspec.json.decode(passed.out)["summary"]["passed"]) == (0, 1)


async def test_what_cannot_be_tested_is_told_apart(there: Targets, tmp_path: Path) -> None:
    """2: the caller has to change something. 3: no run could be made."""
    file = await written(tmp_path, there)
    unknown = await run("check", "nobody", "--file", file)
    missing = await run("check", "--file", str(tmp_path / "no.yaml"))
    nothing = await run("check", "--file", file, "--kind", "login")
    await asyncio.to_thread((tmp_path / "bad.yaml").write_text, "applications: [{name: one, healthCheck: {url: no}}]")
    wrong = await run("check", "--file", str(tmp_path / "bad.yaml"))

    assert [one.code for one in (unknown, missing, nothing, wrong)] == [2, 2, 2, 2]
    assert "no application 'nobody'" in unknown.err
    assert "one: healthCheck" in wrong.err


async def test_a_server_has_it_run(there: Targets, tmp_path: Path) -> None:
    """And the command follows it to its end; cancelled by somebody it exits with 3."""
    async with stand(tmp_path / "data") as at:
        await at.know(health("good", f"{there.url}/ok"), health("slow", f"{there.url}/slow"))
        url = at.address.http("")
        passed = await run("check", "good", "--url", url)
        unknown = await run("check", "nobody", "--url", url)
        async with command("check", "slow", "--url", url) as running:
            await wait_until(lambda: "/slow" in there.asked, within=30)
            (busy,) = (await at.get("/api/tests/status"))["running"]
            await at.ask("DELETE", f"/api/tests/{busy['id']}")
            ended = await running.ended()

    assert (passed.code, passed.out.split()[:2]) == (0, ["passed", "good"]), passed.err
    assert (unknown.code, ended.code) == (2, 3)


async def test_a_server_that_asks_for_a_token_makes_no_run(tmp_path: Path) -> None:
    """Exit code 3, whatever the reason that there is none."""
    async with stand(tmp_path, secret="0123456789abcdef0123456789abcdef") as at:
        refused = await run("check", "--url", at.address.http(""))

    assert refused.code == 3
    assert "--token" in refused.err
