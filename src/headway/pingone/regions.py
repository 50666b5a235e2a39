"""Where PingOne is: one pair of hosts a region.

    NA com   CA ca   EU eu   AU com.au   SG sg   AP asia (existing customers only)
    https://api.pingone.<tld>/v1      https://auth.pingone.<tld>

Any other pair can be given, a sandbox's for example. Secrets and people's data go there: it is https, or http to this
very machine.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import Enum, unique
from urllib.parse import urlsplit

from headway.errors import UsageError

__all__ = ["Addresses", "Region"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The base addresses of one PingOne. Raises `UsageError` for one that could be overheard, or is no base address."""

    api: str
    """With its version: `https://api.pingone.eu/v1`."""
    auth: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "api", _base(self.api, "API"))
        object.__setattr__(self, "auth", _base(self.auth, "auth"))


@unique
class Region(Enum):
    """PingOne's regions: the end of the host names, and the name people know."""

    NA = ("com", "North America")
    CA = ("ca", "Canada")
    EU = ("eu", "Europe")
    AU = ("com.au", "Australia")
    SG = ("sg", "Singapore")
    AP = ("asia", "Asia Pacific")

    def __init__(self, ending: str, title: str) -> None:
        self.ending = ending
        self.title = title

    @property
    def addresses(self) -> Addresses:
        """Where this region is found."""
        return Addresses(f"https://api.pingone.{self.ending}/v1", f"https://auth.pingone.{self.ending}")


def _base(address: str, what: str) -> str:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    # The address itself is not repeated: somebody may have written a secret into it.
    if not host or parts.scheme not in ("http", "https"):
        raise UsageError(f"the {what} address is not of the form https://host/path")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError(f"the {what} address holds more than a host and a path; leave out user, password, ? and #")
    if parts.scheme == "http" and not _here(host):
        raise UsageError(f"the {what} address can be overheard; use https, or http to this machine alone")
    return address.rstrip("/")


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
