"""The issuer's key set, from an https address or a file: loaded before the server starts, kept fresh while it runs.

    every 10 minutes            it is loaded again; a file also as soon as it has changed
    a token names a new key     it is loaded at once, yet never twice within 30 seconds: whoever makes up names of keys
                                makes no requests. This token is refused; its client comes again
    loading fails               the last good set stays, and it is tried again after 30 seconds
    a key is taken out          it counts for 15 minutes more

Only an address that cannot be overheard is asked: https, or http to this very machine. Redirects are not followed, and
size and time are bounded. Tokens are checked at once, against what is there: nobody waits for an issuer.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from headway.access.jwks import DOCUMENT_BYTES, KeySet, parse
from headway.access.keys import Key, among
from headway.clock import Clock
from headway.errors import UsageError

__all__ = ["KeySource"]

logger = logging.getLogger("headway.server.keysets")

_EVERY_SECONDS: Final = 600.0
"""Between two loads. Issuers publish a key hours before they use it, and what comes sooner is noticed by its name."""
_PAUSE_SECONDS: Final = 30.0
"""Least time between two loads that somebody else's tokens or failures can cause."""
_LOOK_SECONDS: Final = 5.0
"""Between two looks at whether it is time, and at the file."""
_VANISHED_SECONDS: Final = 900.0
"""How long a key counts that is no longer in the set: as long as most tokens live, so that a rotation without overlap
locks nobody out; no longer, because the key may have been taken out for having been stolen."""
_VANISHED_KEYS: Final = 16
"""Such keys at once, the latest: an issuer that changes its keys all the time does not fill the memory."""
_FETCH_SECONDS: Final = 10.0
"""For the whole of one load."""


class _Failed(Exception):
    """The set could not be loaded; says why."""


class KeySource:
    """Keys (`access.keys.Keys`) of a set that changes, beside some that do not.

    `start` before the first token is checked, `close` in the end, both in the loop that checks tokens.
    """

    def __init__(self, source: str, clock: Clock, *, fixed: Sequence[Key] = ()) -> None:
        """`source` is an address or the path of a file; `fixed` are the keys of secrets. Raises `UsageError` for an
        address that could be overheard."""
        self._address = _address(source)
        self._file = None if self._address is not None else Path(source)
        self._name = source if self._address is None else _shown(self._address)
        self._clock = clock
        self._fixed = tuple(fixed)
        self._keys: tuple[Key, ...] = ()
        self._vanished: list[tuple[Key, float]] = []
        """Each with the moment until which it counts, the latest first."""
        self._loaded_at = -_EVERY_SECONDS
        """When loading was last tried."""
        self._wanted = False
        """Whether it is to be loaded as soon as it may."""
        self._seen: object = None
        """What the file was like when it was last loaded."""
        self._wake = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    # Keys.

    def find(self, algorithm: str, id: str | None) -> Sequence[Key]:
        now = self._clock.monotonic()
        vanished = (key for key, until in self._vanished if now <= until)
        return among([*self._fixed, *self._keys, *vanished], algorithm, id)

    def missed(self, algorithm: str, id: str | None) -> None:
        """Load again if the token names no key or one that is not in the set. A forged one of a known key changes
        nothing."""
        if algorithm != "HS256" and (id is None or all(key.id != id for key in self._keys)):
            self._wanted = True
            if self._due(None):
                self._wake.set()

    # Life.

    async def start(self) -> None:
        """Load the set and keep it fresh from here on. Raises `UsageError` if there is none to begin with."""
        try:
            await self._load(await self._look_at_file())
        except _Failed as reason:
            raise UsageError(f"the key set cannot be loaded from {self._name}: {reason}") from None
        self._watching = asyncio.create_task(self._watch(), name="key set")

    async def close(self) -> None:
        """Load no more. Idempotent."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None

    async def refresh(self) -> bool:
        """Load the set if that is due; whether it was loaded. Never raises for an issuer that fails. Cancel freely."""
        seen = await self._look_at_file()
        if not self._due(seen):
            return False
        try:
            await self._load(seen)
        except _Failed as reason:
            self._wanted = True
            logger.warning("! the key set cannot be loaded from %s: %s; the last one stays", self._name, reason)
            return False
        return True

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            await self.refresh()

    def _due(self, seen: object) -> bool:
        if seen is not None and seen != self._seen:
            return True
        return self._clock.monotonic() - self._loaded_at >= (_PAUSE_SECONDS if self._wanted else _EVERY_SECONDS)

    # Loading.

    async def _load(self, seen: object) -> None:
        self._loaded_at = self._clock.monotonic()
        self._wanted = False
        self._seen = seen
        try:
            found = parse(await self._document())
        except UsageError as error:
            raise _Failed(error.message) from None
        self._replace(found)

    def _replace(self, found: KeySet) -> None:
        now = self._clock.monotonic()
        for reason in found.ignored:
            logger.warning("! in the key set from %s, %s; it is not used", self._name, reason)
        gone = [key for key in self._keys if key not in found.keys]
        kept = [(key, until) for key, until in self._vanished if now <= until and key not in found.keys]
        self._vanished = [*((key, now + _VANISHED_SECONDS) for key in gone), *kept][:_VANISHED_KEYS]
        if gone or len(found.keys) != len(self._keys):
            logger.info("= the key set from %s has %d keys, %d of it are gone", self._name, len(found.keys), len(gone))
        self._keys = found.keys

    async def _document(self) -> bytes:
        if self._file is not None:
            return await asyncio.to_thread(_read, self._file)
        assert self._address is not None  # it is one or the other
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                return await _fetch(self._address)
        except TimeoutError:
            raise _Failed(f"no answer within {_FETCH_SECONDS:g} seconds") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise _Failed(str(error) or type(error).__name__) from None

    async def _look_at_file(self) -> object:
        return None if self._file is None else await asyncio.to_thread(_state, self._file)


async def _fetch(address: str) -> bytes:
    # Uncompressed: a few bytes would become many.
    headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
    async with (
        httpx2.AsyncClient(timeout=_FETCH_SECONDS, headers=headers, follow_redirects=False) as http,
        http.stream("GET", address) as response,
    ):
        if response.is_redirect:
            raise _Failed("it is answered with a redirect, which is not followed; name the address itself")
        if response.status_code != 200:
            raise _Failed(f"it is answered with status {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _Failed("it is answered compressed, which was not asked for")
        document = bytearray()
        async for chunk in response.aiter_raw():
            document += chunk
            if len(document) > DOCUMENT_BYTES:
                raise _Failed(f"it is larger than {DOCUMENT_BYTES} bytes")
        return bytes(document)


def _read(file: Path) -> bytes:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # opening a pipe would wait for its other end
            raise _Failed("it is not a file")
        with file.open("rb") as content:
            return content.read(DOCUMENT_BYTES + 1)
    except OSError as error:
        raise _Failed(error.strerror or type(error).__name__) from None


def _state(file: Path) -> object:
    """What changes when the file does; None where there is none, which is no reason to load it."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _address(source: str) -> str | None:
    """The address, if it is one and may be asked; None if it is a path."""
    if "://" not in source:
        return None
    try:
        parts = urlsplit(source)
        host = parts.hostname or ""
        named = parts.username is not None or parts.password is not None
    except ValueError:
        raise UsageError("the key set's address cannot be read") from None
    if named:
        raise UsageError("the key set's address holds a name or a password; key sets are public")
    if host and (parts.scheme == "https" or (parts.scheme == "http" and _loopback(host))):
        return source
    raise UsageError(
        f"the key set at {_shown(source)} could be changed on its way: use https (http only on this machine), or a file"
    )


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(address: str) -> str:
    """The address without its query, which may hold something secret."""
    return address.partition("?")[0].partition("#")[0]
