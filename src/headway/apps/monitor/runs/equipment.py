"""The means of a run: what probes work with, browsers, the one way out for these, and where secrets come from.

    equipment = Equipment(folder, egress=Egress(), clock=clock, new_id=new_id)
    await equipment.open()                  ends browsers that a dead owner left, opens the gate
    …                                       the first login test looks for a Chromium
    await equipment.close()

Every address is judged by `headway.egress`: of a probe, of a form, and at the gate every one a browser connects to.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from headway.apps.monitor.checks.means import Means, Trust
from headway.apps.monitor.checks.outcome import Outcome
from headway.apps.monitor.checks.placeholders import Resolver
from headway.apps.monitor.checks.probe import Asking, probe
from headway.apps.monitor.logins import forms, running
from headway.apps.monitor.logins.credentials import VARIABLES, Secrets, resolve
from headway.apps.monitor.logins.model import LoginTest
from headway.apps.monitor.logins.model import Outcome as LoginOutcome
from headway.apps.monitor.logins.model import Result as LoginResult
from headway.apps.monitor.logins.visiting import allowed_by, connect_by
from headway.browsers.faults import BrowserError, Fault, NoBrowser
from headway.browsers.finding import Programs, find
from headway.browsers.gate import Gate
from headway.browsers.leases import sweep
from headway.browsers.pool import Pool
from headway.browsers.session import Session
from headway.browsers.sources import Local, Terms
from headway.clock import Clock
from headway.egress import Egress
from headway.errors import UsageError

__all__ = ["BROWSERS", "Equipment"]

logger = logging.getLogger("headway.monitor")

BROWSERS: Final = 2
"""Browsers at once: each takes some 300 MB and a core while a page loads."""
_START_SECONDS: Final = 20.0
"""For a browser to start: one second, and ten on a machine that is busy."""
_AFTER_SECONDS: Final = 8.0
"""Of a login test's time for what follows its verdict: a step that is over time (1 s), and the picture (6 s)."""
_DEADLINE: Final = 90.0
"""For all of one browser, whatever happens: start, test, clean-up; then its processes are killed."""

Waiting = Callable[[str], None]
Begun = Callable[[], None]


class Equipment:
    """What tests work with. Opened once, used by any number of runs."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        new_id: Callable[[], str],
        egress: Egress | None = None,
        browsers: int = BROWSERS,
        environ: Mapping[str, str] = os.environ,
        secrets: Path | None = None,
        variables: Sequence[str] = VARIABLES,
        resolver: Resolver | None = None,
        trust: Trust | None = None,
        finding: Callable[[], Programs] = find,
    ) -> None:
        """`folder` holds the leases of browsers. `secrets` is the folder of secret files, `variables` are patterns of
        those that a login test may name, and `resolver` reads the secrets of checks."""
        self.clock = clock
        self.browsers = browsers
        egress = egress or Egress()
        trust = trust or Trust()
        self.means = Means(egress, clock, resolver, trust) if resolver else Means(egress, clock, trust=trust)
        self._folder = folder
        self._new_id = new_id
        self._egress = egress
        self._environ = environ
        self._secrets = secrets
        self._variables = variables
        self._finding = finding
        self._gate = Gate(connect_by(egress))
        self._proxy = ""
        self._source: Local | None = None
        self._looking = asyncio.Lock()
        self._pool = Pool(browsers, self._start)

    async def open(self) -> None:
        """End what dead owners left, and open the gate."""
        swept = await asyncio.to_thread(sweep, self._folder)
        if swept.browsers:
            logger.warning("! %d browsers of a server that died were ended", swept.browsers)
        self._proxy = await self._gate.open()

    async def close(self) -> None:
        """Close the gate. Browsers end with the tests they belong to."""
        await self._gate.close()

    async def health(self, check: Asking) -> Outcome:
        """Ask once. Cancel freely."""
        return await probe(check, self.means)

    async def login(self, login: LoginTest, within: float, begun: Begun, waiting: Waiting) -> LoginResult:
        """Sign in once, with a verdict within so many seconds. `begun` hears when the time begins to run: when there
        is a browser; `waiting` hears why there is none yet. Cancelling ends the browser at once."""
        bounded = msgspec.structs.replace(login, timeout=min(login.timeout, max(1.0, within - _AFTER_SECONDS)))
        allowed = allowed_by(self._egress, asyncio.get_running_loop())
        try:
            secrets = await asyncio.to_thread(self._resolved, login)
        except UsageError as error:
            return LoginResult(LoginOutcome.FAILED, error.message, 0.0, Fault.VALIDATION_FAILED)
        if login.light:
            begun()
            return await forms.run(bounded, secrets, allowed=allowed, clock=self.clock, proxy=self._proxy)
        try:
            async with self._pool.session(waiting) as session:
                begun()
                return await running.run(bounded, session, secrets, allowed=allowed, pause=time.sleep, clock=self.clock)
        except NoBrowser as error:
            return LoginResult(LoginOutcome.SKIPPED, str(error), 0.0, error.fault)
        except BrowserError as error:
            outcome = LoginOutcome.TIMEOUT if error.fault is Fault.TIMEOUT else LoginOutcome.FAILED
            return LoginResult(outcome, secrets.mask(str(error)), 0.0, error.fault)

    def _resolved(self, login: LoginTest) -> Secrets:
        return resolve(login.credentials, environ=self._environ, folder=self._secrets, variables=self._variables)

    async def _start(self) -> Session:
        async with self._looking:
            source = await self._found()
        return await Session.start(source, Terms(start_seconds=_START_SECONDS, deadline=_DEADLINE, proxy=self._proxy))

    async def _found(self) -> Local:
        """Looked for once: it takes a second. Where there was none, again each time: somebody may install one."""
        if self._source is None:
            programs = await asyncio.to_thread(self._finding)
            self._source = Local(programs, self._folder, self._new_id, self._environ)
        return self._source
