"""Screenshots of failures: files of the monitor's folder, each with a row, bounded in number, size and age.

    screenshots/<a name nobody can guess>.png

A file without a row, or a row without a file, is what a crash left; the next sweep removes both.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from headway.apps.monitor.records import SCREENSHOTS
from headway.clock import Clock
from headway.codes import Code
from headway.errors import HeadwayError
from headway.records.records import Records

__all__ = ["Pictures"]

_BYTES: Final = 2_000_000
"""Of one picture. A page of 1280×800 has some 200 KB; what is larger is noise."""
_EACH: Final = 50
"""Of one application: a month of a failure a day, and some."""
_ALL_BYTES: Final = 500_000_000
"""Of all. The folder must not fill the disk that the log is on."""
_DAYS: Final = 30
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{8,64}\.png")
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


class Pictures:
    """All of them."""

    def __init__(self, folder: Path, records: Records, clock: Clock, new_id: Callable[[], str]) -> None:
        self._folder = folder
        self._records = records
        self._clock = clock
        self._new_id = new_id

    async def start(self) -> None:
        """Make the folder, and remove what a crash left."""
        await asyncio.to_thread(self._folder.mkdir, 0o700, True, True)
        known = set(
            await self._records.read(lambda connection: connection.execute(select(SCREENSHOTS.c.name)).scalars().all())
        )
        files = await asyncio.to_thread(lambda: {file.name for file in self._folder.iterdir()})
        await self._unlink(files - known)
        await self._records.write(lambda connection: _remove(connection, known - files))

    async def keep(self, run: str, number: int, png: bytes) -> str | None:
        """Keep one of an application. Returns its name; None where it cannot be kept."""
        if not png.startswith(_SIGNATURE) or len(png) > _BYTES:
            return None
        name, now = f"{self._new_id()}.png", self._clock.now()
        try:
            await asyncio.to_thread((self._folder / name).write_bytes, png)
        except OSError:
            return None  # a test is no less failed for want of a picture
        values = {"name": name, "application": number, "run": run, "at": now, "bytes": len(png)}

        def work(connection: Connection) -> set[str]:
            connection.execute(insert(SCREENSHOTS).values(**values))
            return _trimmed(connection, number, now)

        await self._unlink(await self._records.write(work))
        return name

    async def read(self, name: str) -> bytes:
        """One of them. Raises `HeadwayError` where it is not there any more."""
        try:
            if _NAME.fullmatch(name):
                return await asyncio.to_thread((self._folder / name).read_bytes)
        except OSError:
            pass
        raise HeadwayError("this screenshot is not kept any more", code=Code.NOT_FOUND)

    async def _unlink(self, names: set[str]) -> None:
        def unlink() -> None:
            for name in names:
                (self._folder / name).unlink(missing_ok=True)

        if names:
            await asyncio.to_thread(unlink)


def _trimmed(connection: Connection, number: int, now: float) -> set[str]:
    """Rows that are too many, removed: too old, too many of the application, and the oldest of all."""
    mine = select(SCREENSHOTS.c.name).where(SCREENSHOTS.c.application == number).order_by(SCREENSHOTS.c.at.desc())
    old = select(SCREENSHOTS.c.name).where(SCREENSHOTS.c.at < now - _DAYS * 86_400)
    names = {*connection.execute(mine.offset(_EACH)).scalars(), *connection.execute(old).scalars()}
    _remove(connection, names)
    over = int(connection.execute(select(func.coalesce(func.sum(SCREENSHOTS.c.bytes), 0))).scalar_one()) - _ALL_BYTES
    if over > 0:
        oldest = set[str]()
        for name, size in connection.execute(
            select(SCREENSHOTS.c.name, SCREENSHOTS.c.bytes).order_by(SCREENSHOTS.c.at)
        ):
            if over <= 0:
                break
            oldest.add(name)
            over -= size
        _remove(connection, oldest)
        names |= oldest
    return names


def _remove(connection: Connection, names: set[str]) -> None:
    if names:
        connection.execute(delete(SCREENSHOTS).where(SCREENSHOTS.c.name.in_(names)))
