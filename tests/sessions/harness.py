"""What the tests of sessions share: a hub over a memory log, and somebody with rights of their own."""

from __future__ import annotations

from headway.access.identity import Identity, Unauthorized


class Door:
    """Access by the name of the user, who may read `run:*` and publish to `run:7`; `nobody` is refused."""

    open = False

    def authenticate(self, token: str | None) -> Identity:
        """Whoever it says."""
        if token in (None, "nobody"):
            raise Unauthorized("the token is invalid")
        return Identity(token, readable=("run:*",), writable=("run:7",))
