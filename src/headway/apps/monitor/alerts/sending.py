"""One message to one address, by apprise: mail, chats, webhooks, pagers.

    json://host/path?:token=abc     a webhook; beside apprise's own fields its body has `key`, `keys` and `kind`
    mailto://… slack://… tgram://…  as apprise's documentation has them

The law:
1. Where the address names a host, the rules of `headway.egress` hold for it, at each sending; redirects are not
   followed. The name is resolved once more by apprise's own HTTP client, which takes no address that was judged: who
   controls that name and this setting could still differ between the two. It takes an administrator to set an address.
2. Addresses that mean this machine itself (its desktop, its system log) are refused.
3. Whatever happens is a sentence; it holds no credential. Cancelling leaves a thread that ends with its timeout.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
import warnings
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from headway.apps.monitor.alerts.messages import Message
from headway.egress import Egress, Unresolved
from headway.errors import HeadwayError, UsageError

if TYPE_CHECKING:
    from apprise import AppriseResult, NotifyBase

__all__ = ["Sending", "masked"]

_SECONDS: Final = 30.0
"""Of one sending; a mail server that is slow on purpose takes ten."""
_SOCKET_SECONDS: Final = 10.0
_WEBHOOKS: Final = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
_HERE: Final = frozenset({"blink1", "dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
"""What is no message to somebody, but an effect on the machine that Headway runs on."""
_ANY_PORT: Final = 443
"""For a lookup where the address names no port; it decides nothing."""
_LOADING: Final = threading.Lock()
_SAID: Final = 200
"""Characters of an error that are kept."""


class Sending:
    """Sends. Loads apprise when it is first needed: that takes seconds, in a thread."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def check(self, address: str) -> None:
        """Whether an address can be used. Asks nobody but the resolver. Raises `UsageError` and `Refused`."""
        service = await asyncio.to_thread(_service, address)
        with contextlib.suppress(Unresolved):  # it may be there by the time it is needed
            await self._judge(service)

    async def send(self, address: str, message: Message) -> str | None:
        """Send. None when it was taken, else what went wrong."""
        try:
            service = await asyncio.to_thread(_service, address)
            await self._judge(service)
        except HeadwayError as error:
            return error.message
        try:
            async with asyncio.timeout(_SECONDS + _SOCKET_SECONDS):
                return await _sent(service, address, message)
        except TimeoutError:
            return f"{masked(address)} did not take it: nothing came back"

    async def _judge(self, service: NotifyBase) -> None:
        for host in _hosts(service):
            await self._egress.addresses(host, getattr(service, "port", None) or _ANY_PORT)


def masked(address: str) -> str:
    """What may be shown of an address: its scheme, and of a webhook the host. In a chat's address that is a token."""
    scheme, _, rest = address.partition("://")
    scheme = scheme.lower()
    if not rest or not scheme.isascii():
        return "…"
    if scheme not in _WEBHOOKS:
        return f"{scheme}://…"
    try:
        parts = urlsplit(f"http://{rest}")
        return f"{scheme}://{parts.hostname or '…'}{f':{parts.port}' if parts.port else ''}/…"
    except ValueError:
        return f"{scheme}://…"


@functools.cache
def _load() -> None:
    """Have apprise load its plug-ins. Takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they import is their matter
        from apprise import Apprise

        # At its more talkative levels it writes addresses and payloads.
        logging.getLogger("apprise").setLevel(logging.WARNING)
        Apprise.instantiate("json://localhost")


def _service(address: str) -> NotifyBase:
    """Apprise's object for an address. Slow the first time. Raises `UsageError`."""
    scheme = _scheme(address)
    if scheme in _HERE:
        raise UsageError(f"{scheme}:// is this machine itself; give an address where somebody reads it")
    with _LOADING:  # one thread loads, the others wait for it
        _load()
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(app_id="Headway", app_desc="Headway", service_timeout=_SECONDS, http_redirects=False)
    try:
        service = Apprise.instantiate(address, asset=asset)
    except Exception:  # whatever a plug-in raises for what it was given; its sentence may hold the address
        service = None
    if service is None or isinstance(service, dict):
        raise UsageError(f"{masked(address)} is no address that apprise knows, or something in it is missing")
    service.redirects = False  # the address may say otherwise
    service.socket_connect_timeout = service.socket_read_timeout = _SOCKET_SECONDS
    return service


def _hosts(service: NotifyBase) -> list[str]:
    """The hosts that it will connect to, as far as the address names them."""
    named = [service.host] if "host" in service.template_tokens else []
    mail = getattr(service, "smtp_host", None)
    return [host for host in dict.fromkeys([*([] if mail else named), mail]) if host]


async def _sent(service: NotifyBase, address: str, message: Message) -> str | None:
    from apprise import Apprise, NotifyFormat, NotifyType

    extras: dict[str, str] | None = getattr(service, "payload_extras", None)  # webhooks have it
    if extras is not None:
        extras.update({name: value for name, value in _more(message).items() if name not in extras})
    apprise = Apprise(asset=service.asset)
    apprise.add(service)
    result = await apprise.async_notify(
        title=message.title,
        body=message.body,
        body_format=NotifyFormat.TEXT,
        notify_type=NotifyType(message.severity),
        timeout=_SECONDS,
    )
    return None if result else _why(result, address)


def _more(message: Message) -> dict[str, str]:
    """What a webhook is told beside title and body."""
    return {
        "key": message.keys[0],
        "keys": " ".join(message.keys),
        "kind": " ".join(dict.fromkeys(message.kinds)),
    }


def _why(result: AppriseResult, address: str) -> str:
    """The last thing that apprise said about it."""
    said = [entry.message for one in result.results for entry in one.logs()]
    if result.timeout_count:
        said.append(f"nothing came back within {_SECONDS:.0f} s")
    return f"{masked(address)} did not take it: {said[-1] if said else 'apprise gave no reason'}"[:_SAID]


def _scheme(address: str) -> str:
    return address.partition("://")[0].strip().lower()
