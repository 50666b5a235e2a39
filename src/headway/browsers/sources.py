"""Where browsers come from: this machine, or a Selenium Grid.

A source makes a `Place` for one browser. The place is there before the browser is, so that one that hangs while it
starts can be killed as well. Everything here blocks and is called on the browser's own thread, except `kill`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from selenium.webdriver import ChromeOptions, Remote
from selenium.webdriver.common.proxy import Proxy
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.webdriver import WebDriver

from headway.browsers import processes
from headway.browsers.faults import Fault, SessionLost
from headway.browsers.finding import Programs
from headway.browsers.leases import Lease, take

__all__ = ["Grid", "Local", "Place", "Source", "Terms"]

_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "TZ", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "FONTCONFIG_PATH")
_PASSED_ON_PROXY: Final = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""What a browser needs of the environment. The rest holds the server's secrets."""

_FLAGS: Final = (
    "--disable-dev-shm-usage",  # containers give /dev/shm 64 MB, and a tab that fills them crashes
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-crash-reporter",
    "--password-store=basic",
    "--disable-save-password-bubble",
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What one browser is like, and how long it may take."""

    headless: bool = True
    sandbox: bool | None = None
    """None: Chromium's sandbox is on, except for root, for whom Chromium refuses to start with it."""
    window: tuple[int, int] = (1280, 800)
    insecure: bool = False
    """Whether certificates that nobody vouches for are taken."""
    start_seconds: float = 45.0
    """For the browser to start. It takes one, and ten on a machine that is busy."""
    page_seconds: float = 30.0
    """For one page to load. Half of what people wait before they leave; AppSentry's bound for an application."""
    script_seconds: float = 10.0
    """For one script in a page."""
    deadline: float = 300.0
    """For all of it: then the whole group of processes is killed. Longer than any login takes."""
    proxy: str | None = None
    """`host:port` that every request of the browser goes through, those to this machine too."""
    flags: tuple[str, ...] = ()
    """More of Chromium's own switches."""


class Place(Protocol):
    """Where one browser lives."""

    here: bool
    """Whether its processes are of this machine."""

    def open(self, terms: Terms) -> WebDriver:
        """Start it. Raises `SessionLost` or an error of Selenium."""
        ...

    def kill(self) -> None:
        """Make whatever waits for the browser fail at once. From any thread, at any time, again and again."""
        ...

    def close(self, driver: WebDriver | None, *, healthy: bool) -> None:
        """Leave nothing behind: no process, no file, no connection."""
        ...


class Source(Protocol):
    """Makes places."""

    def place(self) -> Place:
        """A place for one more browser. Starts nothing yet."""
        ...


class Local:
    """Browsers of this machine."""

    def __init__(
        self,
        programs: Programs,
        folder: Path,
        new_id: Callable[[], str],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`folder` holds the leases; `new_id` gives names nobody can guess. Sweep the folder first."""
        self._programs = programs
        self._folder = folder
        self._new_id = new_id
        self._environ = {
            name: environ[name] for name in (*_PASSED_ON, *_PASSED_ON_PROXY) if environ.get(name) is not None
        }

    def place(self) -> Place:
        return _LocalPlace(self._programs, self._folder, self._new_id(), self._environ)


class _LocalPlace:
    here = True

    def __init__(self, programs: Programs, folder: Path, name: str, environ: Mapping[str, str]) -> None:
        self._programs = programs
        self._folder = folder
        self._name = name
        self._environ = environ
        self._lease: Lease | None = None
        self._process: subprocess.Popen[str] | None = None
        self._killed = False
        self._starting = threading.Lock()

    def open(self, terms: Terms) -> WebDriver:
        self._lease = take(self._folder, self._name)
        options = _options(terms)
        options.binary_location = self._programs.browser
        options.add_argument(f"--user-data-dir={self._lease.profile}")
        return _remote(f"http://127.0.0.1:{self._start(self._lease)}", options, terms)

    def _start(self, lease: Lease) -> int:
        home = {"HOME": str(lease.folder), "TMPDIR": str(lease.temporary)}
        with self._starting:
            if self._killed:
                raise SessionLost(Fault.TIMEOUT, "The browser was ended before it had started.")
            self._process = subprocess.Popen(
                # Quieter than this, it would not say on which port it listens.
                [self._programs.driver, "--port=0", "--log-level=SEVERE"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**self._environ, **home},
                cwd=lease.folder,
                text=True,
                start_new_session=True,
            )
        return _port(self._process)

    def kill(self) -> None:
        with self._starting:
            self._killed = True
            # Not the number alone: of a process that was waited for, it may be another's by now.
            if self._process is not None and self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    def close(self, driver: WebDriver | None, *, healthy: bool) -> None:
        if driver is not None:
            _hang_up(driver, quit_first=healthy)
        process = self._process
        if process is not None:
            processes.end(process.pid, process)
            if process.stdout is not None:
                process.stdout.close()
        if self._lease is not None:
            self._lease.give_back()


class Grid:
    """Browsers of a Selenium Grid, by its address. There are no processes of ours, so none are killed: what hangs there
    is given up here, and the Grid ends it by its own timeout."""

    def __init__(self, address: str) -> None:
        if urlsplit(address).scheme not in {"http", "https"}:
            raise ValueError("the address of a Selenium Grid begins with http:// or https://")
        self._address = address

    def place(self) -> Place:
        return _GridPlace(self._address)


class _GridPlace:
    here = False

    def __init__(self, address: str) -> None:
        self._address = address

    def open(self, terms: Terms) -> WebDriver:
        return _remote(self._address, _options(terms), terms, local=False)

    def kill(self) -> None:
        pass

    def close(self, driver: WebDriver | None, *, healthy: bool) -> None:
        if driver is not None:
            _hang_up(driver, quit_first=True)


def _options(terms: Terms) -> ChromeOptions:
    options = ChromeOptions()
    sandbox = os.geteuid() != 0 if terms.sandbox is None else terms.sandbox
    flags = [*_FLAGS, "--window-size={},{}".format(*terms.window), *terms.flags]
    flags += ["--headless=new"] if terms.headless else []
    flags += [] if sandbox else ["--no-sandbox"]
    if terms.proxy is not None:
        # Chromium leaves the proxy out for this machine unless it is told not to.
        flags += [f"--proxy-server={terms.proxy}", "--proxy-bypass-list=<-loopback>"]
    for flag in flags:
        options.add_argument(flag)
    options.accept_insecure_certs = terms.insecure
    options.timeouts = {
        "pageLoad": round(terms.page_seconds * 1000),
        "script": round(terms.script_seconds * 1000),
        "implicit": 0,
    }
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return options


def _remote(address: str, options: ChromeOptions, terms: Terms, *, local: bool = True) -> WebDriver:
    config = ClientConfig(
        remote_server_addr=address,
        # Longer than anything the driver itself bounds, so that this is the end only where the driver hangs too.
        timeout=round(max(terms.page_seconds, terms.script_seconds, 30.0) + 15.0),
        proxy=Proxy({"proxyType": "direct"}) if local else None,
    )
    return Remote(command_executor=address, options=options, client_config=config)


def _port(process: subprocess.Popen[str]) -> int:
    """What the driver says it listens on. Blocks until it does, or dies."""
    assert process.stdout is not None  # it was asked for
    for line in process.stdout:
        if "started successfully on port " in line:
            return int(line.strip().rstrip(".").rpartition(" ")[2])
    raise SessionLost(Fault.BROWSER_CRASHED, "chromedriver ended before it was ready; run it in a terminal to see why.")


def _hang_up(driver: WebDriver, *, quit_first: bool) -> None:
    # A browser that will not quit is killed by whoever calls, and what it says then is of no use to anybody.
    with contextlib.suppress(Exception):
        if quit_first:
            driver.quit()
    with contextlib.suppress(Exception):  # as above
        driver.command_executor.close()  # type: ignore[union-attr]  # a connection, since we gave an address
