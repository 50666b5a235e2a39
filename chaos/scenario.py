"""The scenarios: what may be lost, and so has to be announced, in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["SCENARIOS", "Scenario"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One server over one log, and what happens to them."""

    name: str
    share: float
    """Of the whole run's time."""
    settings: Mapping[str, str] = field(default_factory=dict)
    tears: bool = False
    """Whether the log's end is torn off while the server is down."""
    pause: float = 0.4
    """Mean seconds between two publishes of one publisher."""
    channels: tuple[str, ...] = ("run:1", "run:2", "group/ü")


SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("whole", 0.56, {"KEEP_EVENTS": "100000000", "KEEP_BYTES": "1000000000000"}),
        # Some five seconds of a channel: who is away for longer has a gap.
        Scenario("trimmed", 0.22, {"KEEP_EVENTS": "80"}, pause=0.3),
        Scenario("torn", 0.22, tears=True),
    )
}
"""`whole`: nothing is lost, no gap is true. `trimmed`: retention overtakes readers. `torn`: the log loses its end."""
