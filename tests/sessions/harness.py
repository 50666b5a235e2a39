"""What the tests of sessions share: a hub over a memory log, and somebody with rights of their own."""

from __future__ import annotations

from headway.access.identity import Access, Identity, Unauthorized
from headway.clock import Clock
from headway.codes import Close
from headway.figures import Figures
from headway.hub.hub import Hub
from headway.limits import Limits
from headway.sessions.admission import Admission
from headway.sessions.session import House
from headway.testing.clock import FakeClock


class Door:
    """Access by the name of the user, who may read `run:*` and publish to `run:7`; `guest` may read `run:1` alone, and
    `nobody` is refused."""

    open = False

    def authenticate(self, token: str | None) -> Identity:
        """Whoever it says."""
        if token in (None, "nobody"):
            raise Unauthorized("the token is invalid")
        if token == "guest":
            return Identity(token, readable=("run:1",), writable=())
        return Identity(token, readable=("run:*",), writable=("run:7",))

    def still(self, identity: Identity) -> bool:
        """Nothing is revoked."""
        return True


def house(hub: Hub, access: Access, limits: Limits | None = None, clock: Clock | None = None) -> House:
    """What the sessions of a test share."""
    limits = limits or Limits()
    return House(hub, Admission(access, limits, clock or FakeClock(), Figures()), limits)


def stay(close: Close, reason: str) -> None:
    """The end of a connection that nobody wants to see."""
