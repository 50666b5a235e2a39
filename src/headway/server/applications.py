"""The applications that come with Headway, by name. Each is imported when it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final

from headway.apps.interface import App
from headway.egress import Egress
from headway.errors import UsageError
from headway.server.settings import Settings

__all__ = ["MAKERS", "applications", "egress_from"]


def _imports(settings: Settings) -> App:
    from headway.apps.imports.app import Imports

    return Imports()


def _monitor(settings: Settings) -> App:
    from headway.apps.monitor.app import Monitor
    from headway.apps.monitor.options import VARIABLES, Options

    return Monitor(
        Options(
            file=settings.monitor_file,
            variables=tuple(sorted(settings.monitor_variables)) or VARIABLES,
            secrets=settings.monitor_secrets,
            egress=egress_from(settings),
        )
    )


MAKERS: Final[Mapping[str, Callable[[Settings], App]]] = {"imports": _imports, "monitor": _monitor}
"""How each of `settings.APPS` is made."""


def applications(settings: Settings) -> list[App]:
    """Those that are wanted, in the order of the table. Raises `UsageError`."""
    return [make(settings) for name, make in MAKERS.items() if name in settings.apps]


def egress_from(settings: Settings) -> Egress:
    """Where this server may connect to on somebody's behalf. Raises `UsageError` for what is no network."""
    try:
        allow, deny = (
            tuple(ip_network(text, strict=False) for text in sorted(given))
            for given in (settings.egress_allow, settings.egress_deny)
        )
    except ValueError as error:
        raise UsageError(f"egress: {error}; write a network such as 10.0.0.0/8") from None
    return Egress(allow=allow, deny=deny)
