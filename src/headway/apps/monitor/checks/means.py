"""What a probe works with, handed in by whoever composes: where it may go, whom it trusts, what time it is."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import cached_property

from headway.apps.monitor.checks.placeholders import Resolver
from headway.clock import Clock, SystemClock
from headway.egress import Egress

__all__ = ["Means", "Trust"]


class Trust:
    """Whose certificates are believed: the machine's own authorities, and those of `also` (PEM)."""

    def __init__(self, also: str | None = None) -> None:
        self._also = also

    @cached_property
    def verifying(self) -> ssl.SSLContext:
        """For a connection that must be believed. Made once: reading the authorities takes tens of milliseconds."""
        context = ssl.create_default_context()
        if self._also:
            context.load_verify_locations(cadata=self._also)
        context.set_alpn_protocols(["http/1.1"])
        return context

    @cached_property
    def blind(self) -> ssl.SSLContext:
        """For looking at whatever is shown, however old, and for who asked not to verify."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else an old version or a short key hides the certificate
        context.set_alpn_protocols(["http/1.1"])
        return context


def no_secrets(kind: str, name: str) -> str:
    """The resolver of who has none."""
    raise LookupError(f"{kind}:{name} is not known to this server")


@dataclass(frozen=True, slots=True)
class Means:
    """What a probe works with."""

    egress: Egress = field(default_factory=Egress)
    clock: Clock = field(default_factory=SystemClock)
    resolve: Resolver = no_secrets
    trust: Trust = field(default_factory=Trust)
