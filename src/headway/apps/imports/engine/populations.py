"""Where the users of a run go, and what has to be asked before the first one does.

    chosen     by id, or by name; made where that was wanted and there is none; else the environment's own default
    column     the row names one, by id or by name; a row that names none goes to the chosen one

    population_conflict        {columns, choice}    both are there, and nobody said which wins
    pick_population_required   {names}              the column names populations that there are not

Both are found out before anything is written, the second by going through the file once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from headway.apps.imports.engine.interface import Choice, Client, Fault, Options, Question, Row
from headway.errors import UsageError
from headway.pingone.records import Population

__all__ = ["CONFLICT", "PICK", "UNKNOWN", "Ask", "Places", "settle"]

CONFLICT: Final = "population_conflict"
PICK: Final = "pick_population_required"
_TOLD_NAMES: Final = 100
"""Of a question: what somebody can look through."""
UNKNOWN: Final = "UNKNOWN_POPULATION"

Ask = Callable[[Question], Awaitable[Choice | str]]
"""Ask somebody, and wait for the answer."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where users go."""

    chosen: str | None = None
    """The id; None: the environment's default, or in a dry run a population that there is not yet."""
    name: str = ""
    """What the chosen one is called."""
    column: bool = False
    """Whether the rows say it."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Ids and names, folded, to ids; those that there are not to what was answered."""

    def place(self, row: Row) -> None:
        """Say in a row's body where its user goes, or what is wrong with what the row says."""
        if not self.column or not row.population:
            id = self.chosen
        elif (id := self.known.get(row.population.strip().casefold())) is None:
            message = "The environment has no population of this id or name"
            row.faults = (*row.faults, Fault(UNKNOWN, "population", message))
        if id is not None:
            row.body["population"] = {"id": id}


@dataclass(frozen=True, slots=True)
class _Found:
    by_id: Mapping[str, Population]
    by_name: Mapping[str, str]
    """By folded names."""

    def find(self, text: str) -> str | None:
        folded = text.strip().casefold()
        return folded if folded in self.by_id else self.by_name.get(folded)

    @property
    def known(self) -> dict[str, str]:
        return {**self.by_name, **{id: id for id in self.by_id}}


async def settle(
    client: Client, options: Options, column: str | None, values: Callable[[], Awaitable[Iterable[str]]], ask: Ask
) -> Places:
    """Find out where users go. `values` are those of the population column, each once. Raises `PingOneError`, and
    `UsageError` for a choice that is none."""
    listed = await client.populations()
    found = _Found({one.id.lower(): one for one in listed}, {one.name.casefold(): one.id for one in listed})
    chosen, name = await _chosen(client, options, found)
    if column is None or not await _column_counts(options, column, name, ask):
        return Places(chosen, name)
    missing = sorted({value for value in await values() if found.find(value) is None})
    if not missing or options.unknown_population == "fail":
        return Places(chosen, name, column=True, known=found.known)
    substitute = await _substitute(options, missing, chosen, found, ask)
    answered = {value.strip().casefold(): substitute for value in missing}
    return Places(chosen, name, column=True, known={**found.known, **answered})


async def _chosen(client: Client, options: Options, found: _Found) -> tuple[str | None, str]:
    choice = options.population
    if choice is None:
        default = next((one for one in found.by_id.values() if one.default), None)
        return (None, "") if default is None else (default.id, default.name)
    if choice.id is not None:
        if choice.id.lower() not in found.by_id:
            raise UsageError(
                "the environment has no population of the id that was chosen", details={"field": "population"}
            )
        return choice.id.lower(), found.by_id[choice.id.lower()].name
    name = (choice.name or "").strip()
    id = found.by_name.get(name.casefold())
    if id is not None:
        return id, found.by_id[id.lower()].name
    if not (name and choice.create):
        raise UsageError(
            f"the environment has no population called {name!r}; choose another, or have it made",
            details={"field": "population"},
        )
    if options.dry_run:
        return None, name
    return (await client.create_population(name)).id, name


async def _column_counts(options: Options, column: str, chosen: str, ask: Ask) -> bool:
    """Whether the rows say where they go."""
    if options.population is None or options.population_from == "file":
        return True
    if options.population_from == "choice":
        return False
    return await ask(Question(CONFLICT, {"columns": [column], "choice": chosen})) != "choice"


async def _substitute(options: Options, missing: list[str], chosen: str | None, found: _Found, ask: Ask) -> str:
    """What stands for populations that there are not."""
    answer: Choice | str = "choice"
    if options.unknown_population == "ask":
        told = missing[:_TOLD_NAMES]
        answer = await ask(Question(PICK, {"names": told, "more": len(missing) - len(told)}))
    if isinstance(answer, Choice):
        id = (answer.id or "").lower()
        if id in found.by_id:
            return id
        raise UsageError("the environment has no population of the id that was answered")
    default = next((one.id for one in found.by_id.values() if one.default), None)
    if (substitute := chosen or default) is None:
        raise UsageError("the environment has no default population; choose one")
    return substitute
