"""Which column is which attribute.

A mapping is a value that is kept and used again, for files with the same columns in whatever order:

    {"columns": {"Login": "username", "E-Mail": "email", "Notes": null}}

`propose` makes one from a header and says, column by column, what it was not sure of. Nothing is guessed from cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Keyed
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from headway.apps.imports.csv.aliases import ALIASES, normalised
from headway.apps.imports.csv.guards import OWN
from headway.apps.imports.csv.problems import Refused
from headway.apps.imports.csv.schema import READ_ONLY, STANDARD, Schema

__all__ = ["Mapping", "Note", "Proposal", "Remark", "fill_rates", "propose"]

_SUGGESTIONS: Final = 3
_ALIKE: Final = 0.6
"""How like two names are before one is suggested for the other; difflib's own default."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Columns of a file, and the attribute each is; None: ignored. Cannot hold an attribute twice."""

    columns: tuple[tuple[str, str | None], ...]

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for name, target in self.columns:
            if target is not None and target in seen:
                message = f"Columns {seen[target]!r} and {name!r} are both mapped to {target}; ignore one of them."
                raise Refused("mapping", message)
            if target is not None:
                seen[target] = name

    @classmethod
    def of(cls, spelled: Keyed[str, Keyed[str, str | None]]) -> Mapping:
        """Back from JSON. Raises `Refused`."""
        return cls(tuple(spelled["columns"].items()))

    def spelled(self) -> dict[str, dict[str, str | None]]:
        """As JSON."""
        return {"columns": dict(self.columns)}

    @property
    def targets(self) -> tuple[str, ...]:
        """The attributes that columns are mapped to."""
        return tuple(target for _, target in self.columns if target is not None)

    def bind(self, header: Sequence[str], schema: Schema = STANDARD) -> tuple[tuple[int, str], ...]:
        """Index and attribute of each mapped column in a file with this header.

        Raises `Refused` where no column is the username, an attribute is none of the schema, or a mapped column is not
        in the file.
        """
        if "username" not in self.targets:
            raise Refused("mapping", "No column is mapped to username; PingOne has no user without one.")
        places = {_same(name): index for index, name in reversed([*enumerate(header)])}
        bound: list[tuple[int, str]] = []
        for name, target in self.columns:
            if target is None:
                continue
            if target not in schema:
                raise Refused(
                    "mapping", f"{target!r}, to which column {name!r} is mapped, is no attribute of the tenant."
                )
            if _same(name) not in places:
                raise Refused("mapping", f"The file has no column {name!r}, which is mapped to {target}.")
            bound.append((places[_same(name)], target))
        return tuple(bound)


class Remark(StrEnum):
    """Why a column is not mapped."""

    UNKNOWN = "unknown"
    """No attribute is called so."""
    TAKEN = "taken"
    """Another column is that attribute already."""
    READ_ONLY = "read-only"
    """PingOne sets it itself."""
    OWN = "own"
    """Written by us, beside the rows."""
    UNNAMED = "unnamed"
    """The header has no name for it."""


@dataclass(frozen=True, slots=True)
class Note:
    """What there is to say about a column that is ignored."""

    index: int
    name: str
    remark: Remark
    message: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """The mapping that a header suggests, and a note for every column that it leaves out."""

    mapping: Mapping
    notes: tuple[Note, ...]


def propose(header: Sequence[str], schema: Schema = STANDARD) -> Proposal:
    """What the columns probably are. Raises `Refused` where two columns have the same name."""
    _refuse_twins(header)
    claims = _claims(header, schema)
    taken = {target: header[index] for index, target in claims.items()}
    notes = [_note(index, name, schema, taken) for index, name in enumerate(header) if index not in claims]
    columns = tuple((name, claims.get(index)) for index, name in enumerate(header) if name)
    return Proposal(Mapping(columns), tuple(notes))


def fill_rates(rows: Iterable[Sequence[str]], width: int) -> tuple[float, ...]:
    """How many of the rows have something in each column, from 0 to 1."""
    filled, count = [0] * width, 0
    for cells in rows:
        count += 1
        for index, cell in enumerate(cells[:width]):
            filled[index] += not (not cell or cell.isspace())
    return tuple(number / count if count else 0.0 for number in filled)


def _same(name: str) -> str:
    return name.strip().casefold()


def _refuse_twins(header: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for index, name in enumerate(header):
        if name and first.setdefault(_same(name), index) != index:
            earlier = first[_same(name)] + 1
            message = f"Columns {earlier} and {index + 1} are both called {name!r}; rename or remove one of them."
            raise Refused("duplicate-column", message, line=1)


def _claims(header: Sequence[str], schema: Schema) -> dict[int, str]:
    """The attribute of each column that has one: attributes' own names first, then what other names mean."""
    paths = {normalised(path): path for path in schema}
    claims: dict[int, str] = {}
    wishes: list[tuple[int, tuple[str, ...]]] = [
        (index, (paths[key],)) for index, name in enumerate(header) if (key := normalised(name)) in paths
    ]
    wishes += [(index, ALIASES[key]) for index, name in enumerate(header) if (key := normalised(name)) in ALIASES]
    wishes.sort(key=lambda wish: len(wish[1]))  # who means one thing only comes before who may mean another
    for index, targets in wishes:
        free = [target for target in targets if target in schema and target not in claims.values()]
        if index not in claims and free and not _left_out(header[index]):
            claims[index] = free[0]
    return claims


def _left_out(name: str) -> Remark | None:
    if not name:
        return Remark.UNNAMED
    if name.casefold().startswith(OWN):
        return Remark.OWN
    return Remark.READ_ONLY if normalised(name) in _READ_ONLY else None


_READ_ONLY: Final = frozenset(normalised(path) for path in READ_ONLY)


def _note(index: int, name: str, schema: Schema, taken: Keyed[str, str]) -> Note:
    match _left_out(name):
        case Remark.UNNAMED:
            return Note(index, name, Remark.UNNAMED, f"Column {index + 1} has no name.")
        case Remark.OWN:
            return Note(index, name, Remark.OWN, f"{name} was added to the file by Headway.")
        case Remark.READ_ONLY:
            return Note(index, name, Remark.READ_ONLY, f"PingOne sets {name} itself.")
        case _:
            return _unknown(index, name, schema, taken)


def _unknown(index: int, name: str, schema: Schema, taken: Keyed[str, str]) -> Note:
    paths = {normalised(path): path for path in schema}
    key = normalised(name)
    named = (paths[key],) if key in paths else ()
    meant = [target for target in (*named, *ALIASES.get(key, ())) if target in taken]
    if meant:
        message = f"{name} would be {meant[0]}, which column {taken[meant[0]]!r} is already."
        return Note(index, name, Remark.TAKEN, message, (meant[0],))
    means = {alias: targets[0] for alias, targets in ALIASES.items() if targets[0] in schema} | paths
    close = get_close_matches(key, means, n=2 * _SUGGESTIONS, cutoff=_ALIKE)
    suggestions = tuple(dict.fromkeys(means[one] for one in close))[:_SUGGESTIONS]
    return Note(index, name, Remark.UNKNOWN, f"No attribute is called {name}.", suggestions)
