"""Where the time of a check goes. Beginning a phase ends the one before it: nothing counts twice, nothing is lost."""

from __future__ import annotations

from enum import StrEnum

from headway.apps.monitor.checks.outcome import Timings
from headway.clock import Clock

__all__ = ["Phase", "Stopwatch"]


class Phase(StrEnum):
    """What a check is doing; the names are those of `Timings`."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    FIRST_BYTE = "first_byte"
    BODY = "body"


class Stopwatch:
    """Begins when it is made, with the first phase."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent = dict.fromkeys(Phase, 0.0)
        self._since: float | None = clock.monotonic()
        self.phase = Phase.DNS

    def begin(self, phase: Phase) -> None:
        """From now on it is this."""
        self.stop()
        self._since = self._clock.monotonic()
        self.phase = phase

    def stop(self) -> None:
        """What follows is not of the check. Idempotent."""
        if self._since is not None:
            self._spent[self.phase] += self._clock.monotonic() - self._since
            self._since = None

    def timings(self) -> Timings:
        """What was measured so far, to the microsecond. The phases add up to the total."""
        spent = {phase: round(1000 * seconds, 3) for phase, seconds in self._spent.items()}
        return Timings(
            dns=spent[Phase.DNS],
            connect=spent[Phase.CONNECT],
            tls=spent[Phase.TLS],
            first_byte=spent[Phase.FIRST_BYTE],
            body=spent[Phase.BODY],
            total=round(sum(spent.values()), 3),
        )
