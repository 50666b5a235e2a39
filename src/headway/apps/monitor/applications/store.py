"""All applications: in memory, and in the records. One truth for the API, imports and the file.

The law:
1. A change is stored before anybody sees it, and told to every listener after that, in the order of the changes.
2. Changes go one after the other. Cancelling who asked for one gives up the answer, not the deed.
3. An id is never another's again, nor is a number: figures are kept by number.
4. What the file manages, the file alone changes.

`standing` is what a restart must not forget of an application beside its definition. It is the watcher's; here it is
only kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from headway.apps.monitor.applications.model import Application, Definition, definition_of, written
from headway.apps.monitor.applications.planning import Imported, Plan, planned
from headway.apps.monitor.records import APPLICATIONS
from headway.clock import Clock
from headway.codes import Code
from headway.errors import Conflict, HeadwayError, StorageError, UsageError
from headway.records.records import Records

__all__ = ["MOST", "Applications", "Changed", "Listener"]

logger = logging.getLogger("headway.monitor")

Json = Any  # any JSON value
Answer = TypeVar("Answer")
Manager = Literal["api", "file"]

MOST: Final = 2_000
"""Applications. All of them are in memory and in one answer of the API; the requirement speaks of 25."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One change that was stored."""

    before: Application | None
    """None: it is new."""
    after: Application | None
    """None: it is gone."""
    number: int


Listener = Callable[[Changed], None]
_Edit = tuple[Application | None, Application | None]


class Applications:
    """All of them. `load` before the first use; close it."""

    def __init__(self, records: Records, clock: Clock, new_id: Callable[[], str]) -> None:
        self._records = records
        self._clock = clock
        self._new_id = new_id
        self._by_id: dict[str, Application] = {}
        self._ids: dict[str, str] = {}
        """By name."""
        self._numbers: dict[str, int] = {}
        self._listeners: list[Listener] = []
        self._turn = asyncio.Lock()
        self._doing: set[asyncio.Task[Any]] = set()  # Any: each of its own answer
        self.file = "the file"
        """What manages those that are `managedBy` the file, as people know it."""

    async def load(self) -> None:
        """Read them. Raises `StorageError`."""
        rows = await self._records.read(lambda connection: connection.execute(select(APPLICATIONS)).mappings().all())
        for row in rows:
            try:
                definition = definition_of(row["definition"])
            except UsageError as error:
                # An older program knew a check that this one does not. The row stays; nobody else can have its name.
                logger.error("! the application %s cannot be read and is left out: %s", row["name"], error)
                continue
            own = {name: row[name] for name in ("id", "managed_by", "created_at", "updated_at")}
            self._know(_application(definition, **own), row["number"])

    async def close(self) -> None:
        """Finish what was begun. Idempotent."""
        await asyncio.gather(*self._doing, return_exceptions=True)

    def on_change(self, listener: Listener) -> None:
        """Have it called with each change, at once, on this loop. It must not wait and not raise."""
        self._listeners.append(listener)

    @property
    def numbers(self) -> Mapping[str, int]:
        """The number of each, by its id: what figures are kept by."""
        return self._numbers

    def all(self) -> list[Application]:
        """All of them, by name."""
        return sorted(self._by_id.values(), key=lambda one: one.name)

    def find(self, id: str) -> Application | None:
        """One by its id or its name."""
        return self._by_id.get(id) or self._by_id.get(self._ids.get(id, ""))

    def get(self, id: str) -> Application:
        """One by its id or its name. Raises `HeadwayError`."""
        if (found := self.find(id)) is None:
            raise HeadwayError(f"there is no application {id[:80]!r}", code=Code.NOT_FOUND)
        return found

    # Changes.

    async def add(self, definition: Definition, by: Manager = "api") -> Application:
        """One more. Raises `Conflict`, `StorageError`."""

        async def add() -> Application:
            self._room(1)
            new = self._made(definition, by)
            await self._commit([(None, new)])
            return new

        return await self._in_turn(add())

    async def replace(self, id: str, definition: Definition) -> Application:
        """Another definition for one. Raises `HeadwayError`, `Conflict`, `StorageError`."""
        return await self._in_turn(self._redefined(id, lambda before: definition))

    async def change(self, id: str, data: Mapping[str, Json]) -> Application:
        """Other values for some fields of one; each as a whole. Raises as `replace` does, and `UsageError`."""
        return await self._in_turn(self._redefined(id, lambda before: _merged(before, data)))

    async def remove(self, id: str) -> Application:
        """One less; its history goes with it. Raises `HeadwayError`, `Conflict`, `StorageError`."""

        async def remove() -> Application:
            before = self.get(id)
            self._ours(before)
            await self._commit([(before, None)])
            return before

        return await self._in_turn(remove())

    async def bulk(self, ids: Sequence[str], data: Mapping[str, Json] | None) -> list[Application]:
        """The same change to several, or with None their removal: to all of them, or, where one cannot be, to none.
        Raises as `change` does, naming the one."""

        async def bulk() -> list[Application]:
            chosen = list({one.id: one for one in (self.get(id) for id in ids)}.values())
            edits: list[_Edit] = []
            for before in chosen:
                self._ours(before)
                try:
                    edits.append((before, None if data is None else self._again(before, _merged(before, data))))
                except UsageError as error:
                    raise UsageError(f"{before.name}: {error.message}", details={"application": before.id}) from error
            await self._commit(edits)
            return [after or before for before, after in edits if before is not None]

        return await self._in_turn(bulk())

    async def apply(self, found: Imported, *, by: Manager = "api", whole: bool = False, dry: bool = False) -> Plan:
        """Take over what a text holds, and say what that changes; `dry`: only say it. `whole`: what `by` manages and
        the text has not is removed. Raises `StorageError`."""

        async def apply() -> Plan:
            kept = {one.name: self._whose(one) for one in self.all() if by == "api" and one.managed_by == "file"}
            plan = planned(found, self.all(), kept=kept, room=MOST - len(self._by_id))
            if dry:
                return plan
            edits: list[_Edit] = [(None, self._made(one, by)) for one in plan.created]
            edits += [(before, self._again(before, after, by)) for before, after in plan.updated]
            # What is the same already is the file's from now on.
            edits += [(one, self._again(one, one.definition, by)) for one in plan.unchanged if one.managed_by != by]
            if whole:
                named = {one.name for one in (*plan.created, *plan.unchanged)} | {one.name for one, _ in plan.updated}
                edits += [(one, None) for one in self.all() if one.managed_by == by and one.name not in named]
            await self._commit(edits)
            return plan

        return await self._in_turn(apply())

    async def release(self) -> None:
        """Leave to the API what a file managed that is there no more. Raises `StorageError`."""

        async def release() -> None:
            of_file = [one for one in self.all() if one.managed_by == "file"]
            await self._commit([(one, self._again(one, one.definition, "api")) for one in of_file])

        await self._in_turn(release())

    # Standing.

    async def standings(self) -> dict[str, Json]:
        """What was saved of each, by id. Raises `StorageError`."""
        columns = select(APPLICATIONS.c.id, APPLICATIONS.c.standing)
        rows = await self._records.read(lambda connection: connection.execute(columns).all())
        return {row.id: row.standing for row in rows if row.id in self._by_id}

    # Within.

    async def _in_turn(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        async def turn() -> Answer:
            async with self._turn:
                return await work

        doing = asyncio.create_task(turn(), name="monitor applications")
        self._doing.add(doing)
        doing.add_done_callback(self._doing.discard)
        return await asyncio.shield(doing)

    async def _redefined(self, id: str, wanted: Callable[[Application], Definition]) -> Application:
        before = self.get(id)
        self._ours(before)
        definition = wanted(before)
        if definition == before.definition:
            return before
        after = self._again(before, definition)
        await self._commit([(before, after)])
        return after

    async def _commit(self, edits: Sequence[_Edit]) -> None:
        self._distinct(edits)
        if not edits:
            return

        def store(connection: Connection) -> dict[str, int]:
            # Those that go make room for the names of those that come.
            for before, after in edits:
                if before is not None and after is None:
                    connection.execute(delete(APPLICATIONS).where(APPLICATIONS.c.id == before.id))
            numbers = {}
            for before, after in edits:
                if after is not None and before is not None:
                    connection.execute(update(APPLICATIONS).where(APPLICATIONS.c.id == after.id).values(**_row(after)))
                elif after is not None:
                    made = connection.execute(insert(APPLICATIONS).values(**_row(after), standing={}))
                    key = made.inserted_primary_key
                    assert key is not None  # one row was inserted
                    numbers[after.id] = int(key[0])
            return numbers

        try:
            numbers = await self._records.write(store)
        except StorageError as error:
            if isinstance(error.__cause__, IntegrityError):  # one that could not be read at the start has the name
                raise Conflict("there is an application of that name already", details={"field": "name"}) from None
            raise
        for before, after in edits:
            self._tell(self._changed(before, after, numbers))

    def _changed(self, before: Application | None, after: Application | None, numbers: Mapping[str, int]) -> Changed:
        if after is not None:
            if before is not None and self._ids.get(before.name) == before.id:
                del self._ids[before.name]
            number = self._numbers[after.id] if before is not None else numbers[after.id]
            self._know(after, number)
        else:
            assert before is not None  # an edit has one of them at least
            number = self._numbers.pop(before.id)
            del self._by_id[before.id]
            if self._ids.get(before.name) == before.id:
                del self._ids[before.name]
        return Changed(before, after, number)

    def _know(self, application: Application, number: int) -> None:
        self._by_id[application.id] = application
        self._ids[application.name] = application.id
        self._numbers[application.id] = number

    def _tell(self, changed: Changed) -> None:
        for listener in self._listeners:
            try:
                listener(changed)
            except Exception:  # a change is stored: whoever stumbles over it must not keep it from the others
                logger.exception("! a change of an application was not taken in")

    def _distinct(self, edits: Iterable[_Edit]) -> None:
        names = dict(self._ids)
        for before, _ in edits:
            if before is not None:
                names.pop(before.name, None)
        for _, after in edits:
            if after is not None and names.setdefault(after.name, after.id) != after.id:
                raise Conflict(f"there is an application called {after.name!r} already", details={"field": "name"})

    def _room(self, more: int) -> None:
        if len(self._by_id) + more > MOST:
            raise Conflict(f"there are {MOST} applications already, and there may be no more")

    def _made(self, definition: Definition, by: Manager) -> Application:
        now = self._clock.now()
        return _application(definition, id=self._new_id(), managed_by=by, created_at=now, updated_at=now)

    def _again(self, before: Application, definition: Definition, by: Manager | None = None) -> Application:
        return _application(
            definition,
            id=before.id,
            managed_by=by or before.managed_by,
            created_at=before.created_at,
            updated_at=self._clock.now(),
        )

    def _ours(self, application: Application) -> None:
        if application.managed_by == "file":
            raise Conflict(self._whose(application), details={"managedBy": "file"})

    def _whose(self, application: Application) -> str:
        return f"{application.name} is managed by {self.file}; change it there"


def _application(definition: Definition, **own: Any) -> Application:  # Any: of each field its own
    return Application(**msgspec.structs.asdict(definition), **own)


def _merged(before: Application, data: Mapping[str, Json]) -> Definition:
    return definition_of({**written(before.definition), **data})


def _row(application: Application) -> dict[str, Json]:
    return {
        "id": application.id,
        "name": application.name,
        "environment": application.environment,
        "active": application.is_active,
        "managed_by": application.managed_by,
        "definition": written(application.definition),
        "created_at": application.created_at,
        "updated_at": application.updated_at,
    }
