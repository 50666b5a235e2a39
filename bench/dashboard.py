"""What the dashboard costs a browser: a real server, a real Chromium, a thousand updates in a second.

python -m bench.dashboard --seconds 120

empty      a page of one word, beside the same server under the same load, in the same browser: what that alone takes
overview   twenty tasks, whose progress comes in turns
task       one task: its progress, its log and its errors

live data  from the beginning of the load until a bar shows a value
paint      first contentful paint
frame      between two animation frames while the updates come; a browser that keeps up has one every 16.7 ms
long tasks longer than 50 ms; blocking is what they have above those, summed
heap       of JavaScript, after a garbage collection, and how it grows by the minute (least squares over all samples)

Nothing is asserted, and nothing written. Each is loaded once to warm the caches, then measured from a fresh context.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import urlopen

from playwright.async_api import Browser, CDPSession, Page, Route, async_playwright

from bench.places import BUILD, HERE
from bench.processes import Launch, Prepare, Unavailable, serving

__all__ = ["main"]

PAGES: Final = ("empty", "overview", "task")
SAMPLES: Final = 12
"""Of the heap, in one run: enough for a slope, few enough that collecting does not become the load."""
SETTLE_SECONDS: Final = 3.0
"""Compiling and the first renders belong to loading, which is measured for itself."""
_FLAGS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_EMPTY: Final = "<!doctype html><title>Empty</title><p>Empty</p>"

_WATCH: Final = """
globalThis.watched = { long: [], frames: [], paint: undefined, data: undefined, counting: false, last: undefined };
new PerformanceObserver((list) => {
  watched.long.push(...list.getEntries().map(({ startTime, duration }) => [startTime, duration]));
}).observe({ type: 'longtask', buffered: true });
new PerformanceObserver((list) => {
  watched.paint ??= list.getEntries().find(({ name }) => name === 'first-contentful-paint')?.startTime;
}).observe({ type: 'paint', buffered: true });
const frame = (now) => {
  if (watched.data === undefined && document.querySelector('[role=progressbar][aria-valuenow]') !== null) {
    watched.data = performance.now();
  }
  if (watched.counting && watched.last !== undefined) {
    watched.frames.push(now - watched.last);
  }
  watched.last = watched.counting ? now : undefined;
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one page. Milliseconds, bytes."""

    page: str
    updates: float
    """Stored in a second while it was measured."""
    data: float | None
    paint: float | None
    loading: Sequence[float]
    """Long tasks until it had settled."""
    long: Sequence[float]
    """Long tasks afterwards."""
    frames: Sequence[float]
    heap: Sequence[tuple[float, float]]
    """Seconds, bytes."""

    @property
    def slope(self) -> float:
        """Bytes a minute."""
        times, sizes = zip(*self.heap, strict=True)
        return statistics.linear_regression(times, sizes).slope * 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.dashboard", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the measurement of each page")
    parser.add_argument("--updates", type=int, default=1_000, help="in a second")
    parser.add_argument("--page", nargs="+", choices=PAGES, default=PAGES, help="only these")
    options = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    try:
        measured = asyncio.run(_measure(options.page, options.seconds, options.updates))
    except Unavailable as reason:
        sys.exit(f"bench: {reason}")
    print(_table(measured, options.seconds))


async def _measure(pages: Sequence[str], seconds: float, updates: int) -> list[Measured]:
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        raise Unavailable("there is no Chromium on this machine")
    found = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        for page in pages:
            print(f"{page} …", file=sys.stderr, flush=True)
            with serving(_busy(updates, page)) as server:
                found.append(await _one(browser, f"http://127.0.0.1:{server.port}", page, seconds))
        await browser.close()
    return found


def _busy(updates: int, page: str) -> Prepare:
    kind = "task" if page == "task" else "overview"
    return lambda port, _folder: Launch([sys.executable, str(HERE / "busy.py"), str(port), str(updates), kind])


async def _one(browser: Browser, server: str, page: str, seconds: float) -> Measured:
    address, channel = await asyncio.to_thread(_place, server, page)
    warm = await browser.new_context()
    await _open(await warm.new_page(), address, page)
    await warm.close()
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    tab = await context.new_page()
    await tab.add_init_script(_WATCH)
    await _open(tab, address, page)
    await asyncio.sleep(SETTLE_SECONDS)
    settled = await tab.evaluate("() => { watched.counting = true; return performance.now(); }")
    before = await asyncio.to_thread(_head, server, channel)
    session = await context.new_cdp_session(tab)
    heap, collecting = [], []
    for number in range(SAMPLES):
        began = await tab.evaluate("() => { watched.counting = false; return performance.now(); }")
        heap.append((number * seconds / SAMPLES, await _heap(session)))
        collecting.append((began, await tab.evaluate("() => { watched.counting = true; return performance.now(); }")))
        await asyncio.sleep(seconds / SAMPLES)
    stored = await asyncio.to_thread(_head, server, channel) - before
    told = await tab.evaluate("() => ({ ...watched, now: performance.now() })")
    await context.close()
    ours = [one for one in told["long"] if not any(first <= one[0] <= last for first, last in collecting)]
    return Measured(
        page,
        stored / ((told["now"] - settled) / 1_000),
        told.get("data"),
        told.get("paint"),
        [duration for start, duration in ours if start < settled],
        [duration for start, duration in ours if start >= settled],
        told["frames"],
        heap,
    )


async def _open(tab: Page, address: str, page: str) -> None:
    async def empty(route: Route) -> None:
        await route.fulfill(body=_EMPTY, content_type="text/html")

    if page == "empty":
        await tab.route("**/*", empty)
    await tab.goto(address)
    if page != "empty":
        await tab.wait_for_selector("[role=progressbar][aria-valuenow]")


async def _heap(session: CDPSession) -> float:
    await session.send("HeapProfiler.collectGarbage")
    return float((await session.send("Runtime.getHeapUsage"))["usedSize"])


def _place(server: str, page: str) -> tuple[str, str]:
    """The address of the page, and the channel whose updates it shows."""
    if page != "task":
        return server, "tasks"
    tasks = _asked(server, "/api/tasks?limit=100")["tasks"]
    first = min(tasks, key=lambda task: int(task["name"].rpartition(" ")[2]))
    return f"{server}/tasks/{first['task']}", first["channel"]


def _head(server: str, channel: str) -> int:
    return int(_asked(server, f"/api/channels/{channel}")["offset"])


def _asked(server: str, path: str) -> Any:  # Any: JSON
    with urlopen(server + path) as answer:
        return json.load(answer)


def _table(measured: Sequence[Measured], seconds: float) -> str:
    head = [
        "",
        "updates/s",
        "paint",
        "live data",
        "frames/s",
        "frame p50 (p95, worst)",
        "long tasks",
        "blocking",
        "heap",
        "growth",
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *[_line(one, seconds) for one in measured]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(one: Measured, seconds: float) -> list[str]:
    frames = sorted(one.frames)
    cuts = [frames[int(len(frames) * share)] for share in (0.5, 0.95)]
    return [
        one.page,
        f"{one.updates:,.0f}",
        _ms(one.paint),
        _ms(one.data),
        f"{1_000 * len(frames) / sum(frames):.1f}",
        f"{cuts[0]:.1f} ({cuts[1]:.1f}, {frames[-1]:.0f}) ms",
        f"{len(one.loading)} loading, {len(one.long)} in {seconds:.0f} s",
        f"{_blocking(one.loading):.0f} ms loading, {_blocking(one.long) * 60 / seconds:.0f} ms/min",
        f"{one.heap[-1][1] / 1e6:.1f} MB",
        f"{one.slope / 1e6:+.2f} MB/min",
    ]


def _blocking(long: Sequence[float]) -> float:
    return sum(duration - 50 for duration in long)


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


if __name__ == "__main__":
    main()
