"""The verdict: does what a reader was told equal the log, or contain an announced gap? Pure.

The law a transcript is held to, entry by entry, from where the reader began:
1. An event is the next one after where the reader stands. Offsets passed over were lost, unless a newer event of the
   same key overtook them, the reader had not asked for them by position, and that newer event, or a later one of the
   key, was told.
2. A gap begins where the reader stands and ends at what the log really no longer holds: the trimmed edge, or the place
   where an earlier life of the log was torn off. From there the reader goes on.
3. The events of one life of the log go on in the next without a gap up to where it was torn off, and only so far.
4. At the end the reader stands at the head.

And the log: offsets without a hole; every acknowledged publish in it once, whole, in the order of its publisher;
nothing twice; the same content at the same position for whoever ever saw it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, assert_never

from headway.positions import GapReason, Position

__all__ = [
    "Acknowledged",
    "Began",
    "Chronicle",
    "Entry",
    "Fault",
    "Finding",
    "GapTold",
    "Life",
    "Record",
    "Tally",
    "Told",
    "Transcript",
    "around",
    "judge",
    "judge_log",
]

Place = tuple[int, int]
"""Which event: the number of the life it was stored in, and its offset."""


class Fault(Enum):
    """What can be wrong."""

    LOST = "lost"
    """An event was not told and no gap announced it."""
    REPEATED = "repeated"
    """An event was told again."""
    ORDER = "out of order"
    """An event was told after a later one, or before the reader began."""
    REUSED = "reused"
    """A position holds another event than it did for somebody else."""
    GAP = "untrue gap"
    """A gap says something that is not so."""
    STATE = "wrong state"
    """A snapshot is not the latest event of each key."""
    LOG = "log"
    """The log itself breaks its promise."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong, and where in the transcript (or the log)."""

    fault: Fault
    text: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """What stands at a position: a mark that no other event has, and the event's key."""

    mark: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a channel."""

    epoch: str
    saved: int | None = None
    """The last offset the next life inherited; None while it lives."""


# What a reader notes down.


@dataclass(frozen=True, slots=True)
class Began:
    """The reader was told where it begins, or where it goes on."""

    since: Position | None
    """What it asked for."""
    at: Position
    known: Position | None = None
    """The newest position anybody knew when it asked: what it asked for by position reaches at least so far."""
    state: tuple[tuple[Position, str], ...] | None = None
    """The snapshot, as positions and marks, where there was one."""


@dataclass(frozen=True, slots=True)
class Told:
    """The reader was told an event."""

    position: Position
    mark: str


@dataclass(frozen=True, slots=True)
class GapTold:
    """The reader was told that something is missing."""

    after: Position
    until: Position
    reason: GapReason


Entry = Began | Told | GapTold
Transcript = Sequence[Entry]


@dataclass(frozen=True)
class Chronicle:
    """What is known of one channel: its lives, what the log holds now, and what anybody ever saw."""

    lives: Sequence[Life]
    held: Mapping[int, Record]
    """The log as it was read, by offset."""
    head: int
    seen: Mapping[Position, Record] = field(default_factory=dict)

    @property
    def trimmed(self) -> int:
        """The offset through which the log forgot."""
        return min(self.held, default=self.head + 1) - 1

    @property
    def end(self) -> Position:
        """Where a reader stands that was told everything."""
        return Position(self.lives[-1].epoch, self.head)

    def life(self, epoch: str) -> int | None:
        """The number of a life."""
        return next((number for number, life in enumerate(self.lives) if life.epoch == epoch), None)

    def place(self, position: Position) -> Place | None:
        """Which event this is: what a life inherited belongs to the one before. None: there is no such epoch."""
        number = self.life(position.epoch)
        if number is None:
            return None
        while number > 0 and position.offset <= (self.lives[number - 1].saved or 0):
            number -= 1
        return number, position.offset

    def record(self, position: Position) -> Record | None:
        """What stands, or stood, at a position."""
        number, offset = self.life(position.epoch), position.offset
        if number is None:
            return None
        if self.inherited(number, offset, len(self.lives) - 1) and offset in self.held:
            return self.held[offset]
        return next((self.seen[at] for at in self._names(number, offset) if at in self.seen), None)

    def inherited(self, number: int, offset: int, later: int) -> bool:
        """Whether a later life still has an offset of an earlier one."""
        return all(offset <= (life.saved or 0) for life in self.lives[number:later])

    def _names(self, number: int, offset: int) -> Iterator[Position]:
        """All positions of one event."""
        first = number
        while first > 0 and offset <= (self.lives[first - 1].saved or 0):
            first -= 1
        for index in range(first, len(self.lives)):
            if self.inherited(first, offset, index):
                yield Position(self.lives[index].epoch, offset)


@dataclass(slots=True)
class Tally:
    """What a transcript comes to."""

    events: int = 0
    gaps: int = 0
    overtaken: int = 0
    findings: list[Finding] = field(default_factory=list)

    def count(self, fault: Fault) -> int:
        """How many of one kind."""
        return sum(finding.fault is fault for finding in self.findings)


# A transcript.


def judge(transcript: Transcript, chronicle: Chronicle, *, overtaking: bool = True, finished: bool = True) -> Tally:
    """Hold a transcript to the law. `overtaking`: this reader may miss keyed events that newer ones overtook.

    `finished`: it has had the time to be told everything.
    """
    reading = _Reading(chronicle, overtaking)
    for index, entry in enumerate(transcript):
        reading.take(index, entry)
    return reading.result(len(transcript) - 1, finished=finished)


class _Reading:
    """How far a transcript has been read."""

    def __init__(self, chronicle: Chronicle, overtaking: bool) -> None:
        self._chronicle = chronicle
        self._overtaking = overtaking
        self._at: Position | None = None
        self._known: Position | None = None
        self._told: set[Place] = set()
        self._missing: dict[Place, Finding] = {}
        self._overtaken: dict[str, dict[Place, Finding]] = {}
        self._gap_starts: list[Position] = []
        """Where the gaps began that were told with no event since: a reader cut off right after may be told again."""
        self._tally = Tally()

    def take(self, index: int, entry: Entry) -> None:
        match entry:
            case Began():
                self._began(index, entry)
            case Told():
                self._event(index, entry)
            case GapTold():
                self._gap(index, entry)
            case _:
                assert_never(entry)

    def result(self, index: int, *, finished: bool) -> Tally:
        if finished:
            self._finish(index)
        late = [finding for group in self._overtaken.values() for finding in group.values()]
        if finished:
            self._tally.findings += [
                Finding(Fault.LOST, f"{finding.text}, and no newer event of its key was told", finding.index)
                for finding in late
            ]
        self._tally.findings += self._missing.values()
        self._tally.findings.sort(key=lambda finding: finding.index)
        return self._tally

    def _began(self, index: int, entry: Began) -> None:
        if entry.since is not None and self._chronicle.place(entry.at) is None:
            self._find(index, Fault.ORDER, f"it begins at {entry.at}, an epoch the log never had")
        self._known = entry.known
        if entry.state is not None:
            self._state(index, entry)
        if self._at is not None and entry.since is not None and entry.since.epoch:
            return
        if self._at is not None:
            self._find(index, Fault.ORDER, f"it stood at {self._at} and began anew at {entry.at}")
        elif entry.since is not None and entry.at.offset > self._chronicle.trimmed:
            self._find(index, Fault.LOST, f"it asked for everything and begins at {entry.at}")
        self._at = entry.at

    def _state(self, index: int, entry: Began) -> None:
        """A snapshot is the latest event of each key at its position, as far as those are known."""
        assert entry.state is not None  # asked by the caller
        latest: dict[str, int] = {}
        for offset in range(1, entry.at.offset + 1):
            record = self._chronicle.record(Position(entry.at.epoch, offset))
            if record is not None and record.key is not None:
                latest[record.key] = offset
        told: dict[str, int] = {}
        for position, _ in entry.state:
            record = self._chronicle.record(position)
            if record is not None and record.key is not None:
                told[record.key] = position.offset
        wrong = sorted(offset for key, offset in latest.items() if told.get(key, 0) < offset)
        if wrong:
            self._find(
                index, Fault.STATE, f"the snapshot at {entry.at} is without the newest of a key, offsets {wrong[:8]}"
            )
        for position, mark in entry.state:
            self._compare(index, position, mark)

    def _event(self, index: int, entry: Told) -> None:
        self._tally.events += 1
        position = entry.position
        place = self._chronicle.place(position)
        if place is None:
            self._find(index, Fault.ORDER, f"{position} has an epoch the log never had")
            return
        record = self._compare(index, position, entry.mark)
        if self._at is None:
            self._find(index, Fault.ORDER, f"{position} was told before the reader began")
            self._at = Position(position.epoch, position.offset - 1)
        if self._backwards(position):
            self._again(index, position, place)
            return
        self._pass_over(index, position.epoch, position.offset - 1)
        self._told.add(place)
        if record is not None and record.key is not None:
            self._overtaken.pop(record.key, None)
        self._at = position
        self._gap_starts.clear()

    def _backwards(self, position: Position) -> bool:
        assert self._at is not None  # every caller has made sure
        mine, theirs = self._chronicle.life(self._at.epoch), self._chronicle.life(position.epoch)
        assert mine is not None  # its place is known
        assert theirs is not None  # likewise
        return theirs < mine or (
            position.offset <= self._at.offset and self._chronicle.inherited(mine, self._at.offset, theirs)
        )

    def _again(self, index: int, position: Position, place: Place) -> None:
        if place in self._told:
            self._find(index, Fault.REPEATED, f"{position} was told before")
            return
        # Not lost, then; but late.
        self._missing.pop(place, None)
        for group in self._overtaken.values():
            group.pop(place, None)
        self._told.add(place)
        self._find(index, Fault.ORDER, f"{position} was told when the reader stood at {self._at}")

    def _pass_over(self, index: int, epoch: str, until: int) -> None:
        """Everything from where the reader stands up to an offset of a life was not told."""
        at = self._at
        assert at is not None  # every caller has made sure
        mine, theirs = self._chronicle.life(at.epoch), self._chronicle.life(epoch)
        assert mine is not None  # its place is known
        assert theirs is not None  # likewise
        if not self._chronicle.inherited(mine, at.offset, theirs):
            self._find(index, Fault.LOST, f"{at} was torn off, and the reader went on in {epoch} without a gap")
            at = Position(epoch, self._chronicle.lives[theirs - 1].saved or 0)
        for offset in range(at.offset + 1, until + 1):
            self._miss(index, Position(epoch, offset))

    def _miss(self, index: int, position: Position) -> None:
        place = self._chronicle.place(position)
        assert place is not None  # its epoch is known
        record = self._chronicle.record(position)
        what = f"{position} ({record.mark})" if record else f"{position} (which nobody else saw)"
        finding = Finding(Fault.LOST, f"{what} was not told", index)
        if record is None or record.key is None or not self._overtaking or self._whole(position):
            self._missing[place] = finding
            return
        self._tally.overtaken += 1
        self._overtaken.setdefault(record.key, {})[place] = finding

    def _whole(self, position: Position) -> bool:
        """Whether the reader had asked for it by position."""
        known = self._known
        return known is not None and known.epoch == position.epoch and position.offset <= known.offset

    def _gap(self, index: int, entry: GapTold) -> None:
        self._tally.gaps += 1
        if self._at is None or self._chronicle.life(entry.until.epoch) is None:
            self._find(index, Fault.GAP, f"the gap to {entry.until} came before the reader began, or ends nowhere")
            return
        if entry.after not in self._gap_starts:
            self._begins_where_the_reader_stands(index, entry)
        self._true(index, entry)
        self._gap_starts += [self._at, entry.after]
        # The state behind the gap was told with it.
        self._overtaken.clear()
        self._at = entry.until

    def _begins_where_the_reader_stands(self, index: int, entry: GapTold) -> None:
        at = self._at
        assert at is not None  # asked by the caller
        if self._chronicle.life(entry.after.epoch) is None or (self._backwards(entry.after) and entry.after != at):
            self._find(index, Fault.GAP, f"the gap begins at {entry.after}, the reader stood at {at}")
        elif entry.after != at:
            # A server that passed over overtaken events stands further than the reader can know.
            self._pass_over(index, entry.after.epoch, entry.after.offset)

    def _true(self, index: int, entry: GapTold) -> None:
        after, until, chronicle = entry.after, entry.until, self._chronicle
        mine, theirs = chronicle.life(after.epoch), chronicle.life(until.epoch)
        if mine is None or theirs is None:
            return
        match entry.reason:
            case GapReason.TRIMMED:
                true = chronicle.inherited(mine, after.offset, theirs) and after.offset < until.offset
                true = true and until.offset <= chronicle.trimmed
            case GapReason.EPOCH:
                torn_off = [
                    number for number in range(mine, theirs) if after.offset > (chronicle.lives[number].saved or 0)
                ]
                edge = chronicle.lives[torn_off[0]].saved or 0 if torn_off else -1
                true = until.offset == edge or edge <= until.offset <= chronicle.trimmed
                true = true and bool(torn_off)
            case GapReason.AHEAD:
                true = False  # a log that lost its end has a new epoch
            case _:
                assert_never(entry.reason)
        if not true:
            lives = ", ".join(f"{life.epoch} to {life.saved}" for life in chronicle.lives)
            text = f"the gap {after} → {until} ({entry.reason.value}) is not so"
            self._find(index, Fault.GAP, f"{text}: trimmed through {chronicle.trimmed}, lives {lives}")

    def _finish(self, index: int) -> None:
        end = self._chronicle.end
        if self._at is None:
            self._find(index, Fault.LOST, "the reader never began")
        elif self._at != end and not self._backwards(end):
            self._pass_over(index, end.epoch, end.offset)

    def _compare(self, index: int, position: Position, mark: str) -> Record | None:
        record = self._chronicle.record(position)
        if record is not None and record.mark != mark:
            self._find(index, Fault.REUSED, f"{position} is {mark} here and {record.mark} elsewhere")
        return record

    def _find(self, index: int, fault: Fault, text: str) -> None:
        self._tally.findings.append(Finding(fault, text, index))


_CONTEXT: Final = 3
"""Entries shown on each side of a difference: enough to see whether it stands at a reconnect."""


def around(transcript: Transcript, index: int) -> list[str]:
    """The entries around a difference, the line itself marked."""
    first = max(0, index - _CONTEXT)
    shown = transcript[first : index + _CONTEXT + 1]
    return [f"{'>' if first + at == index else ' '} {first + at:6} {_line(entry)}" for at, entry in enumerate(shown)]


def _line(entry: Entry) -> str:
    match entry:
        case Began(since, at):
            asked = "the state" if since is None else f"everything after {str(since)!r}"
            return f"asked for {asked}, begins at {at}"
        case Told(position, mark):
            return f"event {position} ({mark})"
        case GapTold(after, until, reason):
            return f"gap {after} → {until} ({reason.value})"
        case _:
            assert_never(entry)


# The log.


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A publish, and where the server said it is; None where no answer arrived."""

    publisher: str
    marks: tuple[str, ...]
    last: Position | None


def judge_log(chronicle: Chronicle, publishes: Sequence[Acknowledged]) -> list[Finding]:
    """Hold the log of one channel to its promise. `publishes`: those of each publisher, in the order it waited."""
    return [
        *_holes(chronicle),
        *_twice(chronicle),
        *_same_for_all(chronicle),
        *_acknowledged(chronicle, publishes),
    ]


def _holes(chronicle: Chronicle) -> Iterator[Finding]:
    if not chronicle.held and chronicle.head:
        yield Finding(Fault.LOG, f"the log has a head of {chronicle.head} and holds nothing")
    for offset in range(chronicle.trimmed + 1, chronicle.head + 1):
        if offset not in chronicle.held:
            yield Finding(
                Fault.LOG, f"the log has a hole at {offset}, between {chronicle.trimmed} and {chronicle.head}"
            )
    if chronicle.held and max(chronicle.held) > chronicle.head:
        yield Finding(Fault.LOG, f"the log holds {max(chronicle.held)}, behind its head of {chronicle.head}")


def _twice(chronicle: Chronicle) -> Iterator[Finding]:
    marks = Counter(record.mark for record in chronicle.held.values())
    for mark, count in marks.items():
        if count > 1:
            where = [offset for offset, record in chronicle.held.items() if record.mark == mark]
            yield Finding(Fault.LOG, f"{mark} was published once and is stored {count} times, at {where}")


def _same_for_all(chronicle: Chronicle) -> Iterator[Finding]:
    for position, record in chronicle.seen.items():
        stands = chronicle.record(position)
        if chronicle.life(position.epoch) is None:
            yield Finding(Fault.REUSED, f"somebody saw {position}, an epoch the log never had")
        elif stands is not None and stands.mark != record.mark:
            yield Finding(Fault.REUSED, f"{position} was {record.mark} for somebody and is {stands.mark}")


def _acknowledged(chronicle: Chronicle, publishes: Sequence[Acknowledged]) -> Iterator[Finding]:
    where = {record.mark: offset for offset, record in chronicle.held.items()}
    before: dict[str, int] = {}
    for publish in publishes:
        offsets = [where.get(mark) for mark in publish.marks]
        found = [offset for offset in offsets if offset is not None]
        if found and found != list(range(found[0], found[0] + len(found))):
            yield Finding(Fault.LOG, f"{publish.publisher}: one publish is not in one piece: {offsets}")
        if publish.last is None:
            if found and len(found) < len(offsets) and found[0] > chronicle.trimmed + 1:
                yield Finding(Fault.LOG, f"{publish.publisher}: half of a publish is stored: {offsets}")
            continue
        last = publish.last
        number = chronicle.life(last.epoch)
        if number is None:
            yield Finding(Fault.LOG, f"{publish.publisher}: {last} was acknowledged, an epoch the log never had")
            continue
        first = last.offset - len(publish.marks) + 1
        for offset, mark in enumerate(publish.marks, first):
            torn = not chronicle.inherited(number, offset, len(chronicle.lives) - 1)
            if not torn and offset > chronicle.trimmed and where.get(mark) != offset:
                told = f"acknowledged at {last.epoch}.{offset}"
                yield Finding(Fault.LOG, f"{publish.publisher}: {mark} was {told} and is at {where.get(mark)}")
        place = chronicle.place(last)
        if place is not None and chronicle.inherited(number, last.offset, len(chronicle.lives) - 1):
            if first <= before.get(publish.publisher, 0):
                yield Finding(Fault.LOG, f"{publish.publisher}: {last} was published after a later one")
            before[publish.publisher] = last.offset
