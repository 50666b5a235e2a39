"""Who watches an import: browsers that come late, and the command line. Each says the numbers it ended with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from playwright.async_api import Browser, Page, async_playwright

from chaos.victim import end_with_us
from headway.testing.waiting import wait_until
from tests.seeds.homes import CHROMIUM_FLAGS, CHROMIUM_NAMES

__all__ = ["Viewers"]

_SEE_SECONDS: Final = 60.0
"""For a page to show the end, from when the server says it."""
_COUNTS: Final = ("created", "updated", "skipped", "failed")


class Viewers:
    """Everybody who watches one run."""

    def __init__(self, base: str, run: str) -> None:
        self._base = base
        self._run = run
        self._stack = contextlib.AsyncExitStack()
        self._pages: list[Page] = []
        self._shown: list[str] = []
        self._line: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._line = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "headway", "import", "--resume", self._run, "--url", self._base, "--json"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=end_with_us,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line is not None and self._line.returncode is None:
            self._line.kill()
            await self._line.communicate()
        await self._stack.aclose()

    async def come(self, browsers: int) -> None:
        """So many browsers open the run's page, each a browser of its own."""
        playwright = await self._stack.enter_async_context(async_playwright())
        program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
        for _ in range(browsers):
            browser: Browser = await playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
            self._stack.push_async_callback(browser.close)
            page = await browser.new_page()
            await page.goto(f"{self._base.rstrip('/')}/imports/runs/{self._run}")
            self._pages.append(page)

    async def seen(self, counts: Mapping[str, int]) -> list[str]:
        """Everybody's last word. Raises `AssertionError` where one says other numbers."""
        wanted = {name: counts[name] for name in _COUNTS}
        told = {}
        for number, page in enumerate(self._pages, 1):
            told[f"browser {number}"] = await self._on(page, wanted)
            self._shown.append(await page.content())
        assert self._line is not None  # it was started
        async with asyncio.timeout(_SEE_SECONDS):
            output, _ = await self._line.communicate()
        last = json.loads(output.decode().strip().splitlines()[-1])
        told["command line"] = {name: last["counts"].get(name, 0) for name in _COUNTS}
        self._shown.append(output.decode())
        wrong = {who: said for who, said in told.items() if said != wanted}
        if wrong:
            raise AssertionError(f"the server says {wanted}, others say {wrong}")
        return list(told)

    async def pages(self) -> list[str]:
        """What was on the pages, and what the command line wrote."""
        return self._shown

    async def _on(self, page: Page, wanted: Mapping[str, int]) -> dict[str, int]:
        """The counts on a page, once they are the wanted ones, or when the time is over."""
        with contextlib.suppress(AssertionError):

            async def shown() -> bool:
                return await _counts(page) == wanted

            await wait_until(shown, within=_SEE_SECONDS)
        return await _counts(page)


async def _counts(page: Page) -> dict[str, int]:
    found = {}
    for name in _COUNTS:
        value = page.get_by_role("list", name="By outcome").first.locator(f"[data-outcome={name}] b")
        text = await value.first.text_content() if await value.count() else None
        found[name] = int(re.sub(r"\D", "", text or "") or -1)
    return found
