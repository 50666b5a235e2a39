"""How long a client waits for what, in seconds. The defaults are for networks; tests have less."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pace"]


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of one client."""

    silence: float = 20.0
    """After which a connection counts as dead: a stream's heartbeat comes every 15."""
    answer: float = 10.0
    """Until a handshake is answered: a slow mobile network needs some. Beside it a lower transport is tried."""
    stagger: float = 1.5
    """Without an answer, after which the next transport is tried beside it: three that hang still end within 5."""
    quick: float = 0.2
    """After a loss, back at once but not all in the same moment. A server that restarts is not up by then."""
    steady: float = 2.0
    """A life that is no sign of a loop of opening and dying."""
    useful: float = 10.0
    """A life that clears a transport of everything: boxes that kill a WebSocket do so within half a second."""
    eager: float = 2.0
    """After which a better transport is tried again that merely lost the race, or stumbled once."""
    probation: float = 2.0
    """For which a demoted transport that is answered again is watched: what kills sockets does so after half of one."""
    first_delay: float = 0.5
    """First ceiling of the back-off: Centrifuge's, as the last is. A restart is bridged at once …"""
    most_delay: float = 20.0
    """… and an outage costs three requests a minute."""
    first_demotion: float = 30.0
    """After which a demoted transport is tried again: back within a minute of healing …"""
    most_demotion: float = 600.0
    """… and where it never works, six tries an hour."""
