"""Settings of runs, as the monitor's table has them: a name and a JSON value."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from headway.apps.monitor.records import SETTINGS

__all__ = ["load", "store"]

Json = Any  # any JSON value


def load(connection: Connection, name: str) -> Json:
    """A value; None where there is none."""
    return connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.name == name)).scalar()


def store(connection: Connection, name: str, value: Json, now: float) -> None:
    """Keep a value in place of what was there; None: no longer."""
    connection.execute(delete(SETTINGS).where(SETTINGS.c.name == name))
    if value is not None:
        connection.execute(insert(SETTINGS).values(name=name, value=value, updated_at=now))
