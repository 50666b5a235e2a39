"""A drop-in for tqdm whose bars can also be watched from anywhere. It takes changing one import:

    from headway.tqdm import tqdm, trange

The terminal shows what it always showed; `HEADWAY_URL` and `HEADWAY_TOKEN` say which server is told as well. Without
one it is plain tqdm.

    description          the task's name; without one, the name of the script
    n, total, initial    its numbers; the rate and the time that is left are worked out anew, from them
    set_postfix          what it is at
    tqdm.write           a line of its log, without what looks like a secret
    a bar within a bar   a part of the outer one's task. One with leave=False makes room for the next, as on a terminal
    disable=True         nothing at all; disable=None where nobody looks at a terminal: no bar, but a task

How a bar ends. Its loop came to its end, or nothing is left to do: completed. An exception left the loop: failed, or
cancelled where that was Ctrl-C. The program left it before everything was done (`break`, `return`, `close()`):
cancelled, and a line says where. With an unknown total, leaving is completing.

What is asked for in a browser happens where the bar is redrawn: pause waits there, cancel raises `Cancelled` in the
loop. Not here: how reports travel (`headway.reporting`).
"""

from __future__ import annotations

import asyncio
import atexit
import dis
import math
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, ClassVar, Final
from weakref import WeakKeyDictionary, ref

from headway.server.masking import masked
from headway.tasks.model import Status
from headway.tasks.task import Cancelled, Child, Task

try:
    import tqdm.auto as original
except ImportError:
    raise ImportError(
        "headway.tqdm stands on tqdm; install it, or Headway with it: pip install 'headway[tqdm]'"
    ) from None

__all__ = ["Cancelled", "tqdm", "trange"]

_MOST_PARTS: Final = 100
"""Of one task: each is a key of its channel, and so a line of what a late viewer is sent first. Later bars share the
last."""
_LAST_WORDS: Final = 1.0
"""Seconds in which a program that an exception ends comes to its end, where the exception is known."""
_LEFT: Final = frozenset({"POP_TOP", "POP_ITER", "END_FOR", "FOR_ITER", "SWAP", "DELETE_FAST", "DELETE_NAME"})
"""Instructions that drop the iterator of a loop because the program says so. At any other, an exception did."""
_HOLDS_STILL: Final = frozenset({"YIELD_VALUE", "RESUME", "SEND"})
"""Where a generator stands that somebody closes."""


class tqdm(original.tqdm):  # type: ignore[misc]
    """tqdm's own bar, which a Headway server is told of as well. See `tqdm.tqdm` for the arguments."""

    reporter: ClassVar[Any] = None  # Any: a `Reporter`, or whatever has a method `task` like it
    """Who tells the server. None: `headway.task`, which asks HEADWAY_URL and HEADWAY_TOKEN."""

    # Redrawn, and so told, at least this often where the loop has become slow; a cancel takes no longer either.
    monitor_interval = 0.25
    monitor = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: tqdm's own
        self._mirror: _Mirror | None = None
        self._around = sys.exception()
        kwargs.setdefault("maxinterval", 0.5)
        if kwargs.get("disable", False) is None and not _is_terminal(kwargs.get("file")):
            kwargs.update(disable=False, file=_Nowhere())
        super().__init__(*args, **kwargs)

    def refresh(self, nolock: bool = False, lock_args: Any = None) -> Any:  # Any: tqdm's own
        """Draw the bar, and tell what it shows."""
        shown = super().refresh(nolock=nolock, lock_args=lock_args)
        if not self.disable:
            # The monitor, and whoever writes between bars, hold the lock. Neither is the loop.
            self._tell(begin=not nolock)
            if not nolock:
                self._point()
        return shown

    def close(self) -> None:
        """Finish the bar, and the task or part that it is."""
        mirror: _Mirror | None = getattr(self, "_mirror", None)
        if mirror is None or getattr(self, "disable", True):
            super().close()
            return
        self._mirror = None
        error = sys.exception()
        ending = _ending(None if error is self._around else error, sys._getframe(1), _is_done(self))
        try:
            super().close()
        finally:
            mirror.tell(self)
            mirror.end(ending, reusable=not self.leave and (self.leave is False or self.pos != 0))

    async def __anext__(self) -> Any:  # Any: whatever is iterated over
        mirror = self._mirror
        if mirror is not None and mirror.wanted is not None:
            await mirror.task.apoint()
        return await super().__anext__()

    @classmethod
    def write(cls, s: Any, file: Any = None, end: str = "\n", nolock: bool = False) -> None:  # Any: tqdm's own
        """Print a line between bars; the task of the innermost bar has it too."""
        super().write(s, file=file, end=end, nolock=nolock)
        mirror = _innermost()
        if mirror is not None:
            mirror.task.log(masked(str(s)))

    @classmethod
    def wrapattr(
        cls, stream: Any, method: str, total: Any = None, bytes: bool = True, **kwargs: Any
    ) -> AbstractContextManager[Any]:  # Any: tqdm's own
        """Count what passes a method of a file. The task has the unit from its beginning."""
        if bytes:
            kwargs = {"unit": "B", "unit_scale": True, "unit_divisor": 1024, **kwargs}
        counted: AbstractContextManager[Any] = super().wrapattr(stream, method, total=total, bytes=bytes, **kwargs)
        return counted

    def _tell(self, *, begin: bool) -> None:
        if self._mirror is None:
            if not begin:
                return
            self._mirror = _Mirror(self, self.reporter)
        self._mirror.tell(self)

    def _point(self) -> None:
        mirror = self._mirror
        if mirror is None or mirror.wanted is None:
            return
        if mirror.wanted is not Status.CANCELLED and _in_a_loop():
            return  # nothing may wait here; `async for` waits before the next item
        mirror.task.point()
        self.unpause()


def trange(*args: Any, **kwargs: Any) -> tqdm:  # Any: of range and of tqdm
    """A shortcut for tqdm(range(*args), **kwargs)."""
    return tqdm(range(*args), **kwargs)


class _Mirror:
    """One bar as a task, or as a part of the task that the bar around it is."""

    def __init__(self, bar: tqdm, reporter: Any) -> None:  # Any: see `tqdm.reporter`
        self._process = os.getpid()
        self._bar = ref(bar)
        self._lock = threading.Lock()
        self._parent = _innermost()
        self._parts = 0
        """How many it had."""
        self._open = 0
        """How many of them are open."""
        self._spare: list[Task | Child] = []
        """Parts whose bar is gone from the terminal: the next bar takes over one of them."""
        self._ending: _Ending | None = None
        name, total = _name(bar), _scaled(bar, bar.total)
        self.task: Task | Child = (
            self._begun(bar, reporter, name, total) if self._parent is None else self._parent.part(name, total, bar)
        )
        self._name = name
        self._among = _stack()
        self._among.append(self)
        _alive.add(self)

    @property
    def wanted(self) -> Status | None:
        """What somebody asked of the task."""
        return self.task.wanted

    def part(self, name: str | None, total: int | float | None, bar: tqdm) -> Task | Child:
        """What the bar within this one is told as."""
        self._open += 1
        for place, spare in enumerate(self._spare):
            if (spare.total is None) == (total is None):
                del self._spare[place]
                spare.update(name=name or f"part {self._parts}", done=_scaled(bar, bar.initial) or 0, total=total)
                return spare
        self._parts += 1
        return self.task.child(name or f"part {self._parts}", total, unit=_unit(bar))

    def tell(self, bar: tqdm) -> None:
        """What the bar shows now."""
        if self._ending is not None or self._process != os.getpid():
            return
        name = _name(bar)
        self.task.update(
            done=_scaled(bar, bar.n),
            total=_scaled(bar, bar.total),
            current=str(bar.postfix) if bar.postfix else None,
            name=name if name != self._name else None,
        )
        self._name = name

    def end(self, ending: _Ending, *, reusable: bool = False) -> None:
        """The bar is closed. Its task ends with the last of its parts."""
        if self._process != os.getpid():
            return  # the bar of a process that this one was forked from
        with self._lock:
            if self._ending is not None:
                return
            self._ending = ending
        if self in self._among:
            self._among.remove(self)
        if isinstance(ending, _Unknown):
            _unsettled.add(self)
            timer = threading.Timer(_LAST_WORDS, self.settle)
            timer.daemon = True
            timer.start()
            return
        self._leave(ending, reusable=reusable)

    def settle(self, error: BaseException | None = None) -> None:
        """An exception left the loop; `error`, where it is known by now."""
        with self._lock:
            if self not in _unsettled:
                return
            _unsettled.discard(self)
        ending = self._ending
        assert isinstance(ending, _Unknown)
        self._leave(ending if error is None else _Failed(error))

    def left_behind(self, error: BaseException | None) -> None:
        """The program ends."""
        if isinstance(self._ending, _Unknown):
            self.settle(error if error is not None and self._ending.is_of(error) else None)
        elif self._ending is None:
            bar = self._bar()
            if bar is not None:
                self.tell(bar)
            done = self.task.total is not None and self.task.done >= self.task.total
            if error is not None and not done:
                self.end(_Failed(error))
            else:
                self.end(_Completed() if done else _Left("the program ended before the bar was closed"))

    def _begun(self, bar: tqdm, reporter: Any, name: str | None, total: int | float | None) -> Task:  # Any: as above
        import headway

        begin = headway.task if reporter is None else reporter.task
        script = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else ""
        task: Task = begin(
            name or (script if script not in {"", "-c", "-m"} else "progress"),
            total,
            initial=_scaled(bar, bar.initial) or 0,
            unit=_unit(bar),
        )
        task.start()
        # After the reporter, which tells what is left at the end: the last registered goes first.
        _at_the_end()
        return task

    def _leave(self, ending: _Ending, *, reusable: bool = False) -> None:
        _alive.discard(self)
        if self._parent is not None:
            if isinstance(ending, _Completed) and (reusable or self._parent._parts >= _MOST_PARTS):
                self._parent._spare.append(self.task)
            else:
                ending.end(self.task)
            self._parent._closed()
        elif self._open == 0:
            ending.end(self.task)

    def _closed(self) -> None:
        self._open -= 1
        if self._open == 0 and self._parent is None and self not in _alive and self._ending is not None:
            self._ending.end(self.task)


class _Ending:
    """How a bar ended."""

    def end(self, task: Task | Child) -> None:
        """End the task like it, without waiting until that was told: the program's end does."""
        raise NotImplementedError  # each of the endings below has its own


class _Completed(_Ending):
    def end(self, task: Task | Child) -> None:
        task.complete()


class _Failed(_Ending):
    def __init__(self, error: BaseException) -> None:
        self._error = error

    def end(self, task: Task | Child) -> None:
        match self._error:
            case Cancelled() | KeyboardInterrupt() | asyncio.CancelledError():
                task.cancel()
            case SystemExit(code=None | 0):
                task.complete()
            case error:
                task.fail(error)


class _Left(_Ending):
    """The program left it, before everything was done."""

    def __init__(self, why: str) -> None:
        self._why = why

    def end(self, task: Task | Child) -> None:
        task.log(self._why)
        task.cancel()


class _Unknown(_Ending):
    """An exception left the loop, and Python does not say which: the loop's own iterator is not told."""

    def __init__(self, code: CodeType, line: int, instead: _Left | None) -> None:
        """`instead` is the end if it turns out that there was none."""
        self._code = code
        self._line = line
        self._instead = instead

    def is_of(self, error: BaseException) -> bool:
        """Whether it is this exception that came through the loop."""
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code is self._code:
                return True
            trace = trace.tb_next
        return False

    def end(self, task: Task | Child) -> None:
        if self._instead is not None:
            self._instead.end(task)
            return
        place = f"{Path(self._code.co_filename).name} line {self._line}"
        task.fail(f"an exception left the loop at {place}; `with tqdm(…)` around the loop would know which")


def _ending(error: BaseException | None, caller: FrameType | None, done: bool | None) -> _Ending:
    """How a bar ends that is closed now. `done` is None where the total is unknown."""
    if isinstance(error, (StopIteration, StopAsyncIteration)):
        return _Completed()
    if error is not None and not isinstance(error, GeneratorExit):
        return _Failed(error)
    if error is None and caller is not None and caller.f_code.co_name == "__iter__":
        return _Completed()  # the iterator has no more, whatever total it was given
    if done:
        return _Completed()
    dropped = error is not None or (caller is not None and caller.f_code.co_name == "__del__")
    frame, closed = _of_the_program(caller), False
    while frame is not None and _instruction(frame) in _HOLDS_STILL:
        # A generator around the loop, which is closed in its turn: by an error of whoever reads it, or without one.
        frame, closed = _of_the_program(frame.f_back), True
    where = "" if frame is None else f" at {Path(frame.f_code.co_filename).name} line {frame.f_lineno}"
    left = _Left(f"the loop was left{where} before everything was done")
    if dropped and frame is not None and _instruction(frame) not in _LEFT:
        # Where the loop is in no frame that can be seen, it may as well be `any` that had enough of it.
        return _Unknown(frame.f_code, frame.f_lineno, None if _in_its_loop(frame) and not closed else left)
    return _Completed() if done is None else left


def _of_the_program(frame: FrameType | None) -> FrameType | None:
    while (
        frame is not None and str(frame.f_globals.get("__name__", "")).removeprefix("headway.").split(".")[0] == "tqdm"
    ):
        frame = frame.f_back
    return frame


def _instruction(frame: FrameType) -> str:
    return dis.opname[frame.f_code.co_code[frame.f_lasti]]


def _in_its_loop(frame: FrameType) -> bool:
    return any(
        step.opname == "FOR_ITER" and step.offset < frame.f_lasti < step.argval
        for step in dis.get_instructions(frame.f_code)
    )


def _is_done(bar: tqdm) -> bool | None:
    return None if bar.total is None else bool(bar.n >= bar.total)


_alive: Final[set[_Mirror]] = set()
"""Mirrors of bars that are not closed, or not settled."""
_unsettled: Final[set[_Mirror]] = set()
_threads: Final = threading.local()
_coroutines: Final[WeakKeyDictionary[asyncio.Task[Any], list[_Mirror]]] = WeakKeyDictionary()  # Any: each its own
_registered: list[int] = []
"""The processes in which the end of the program is waited for."""


def _stack() -> list[_Mirror]:
    """The open bars of this thread, or of this coroutine's task, the innermost last."""
    task = asyncio.current_task() if _in_a_loop() else None
    if task is not None:
        return _coroutines.setdefault(task, [])
    if not hasattr(_threads, "bars"):
        _threads.bars = []
    bars: list[_Mirror] = _threads.bars
    return bars


def _innermost() -> _Mirror | None:
    stack = _stack()
    return stack[-1] if stack and stack[-1]._process == os.getpid() else None


def _at_the_end() -> None:
    if os.getpid() not in _registered:
        _registered.append(os.getpid())
        atexit.register(_program_ends)


def _program_ends() -> None:
    """What ended the program is known now, where that was an exception."""
    error = getattr(sys, "last_value", None)
    for mirror in _in_to_out(_alive):
        mirror.left_behind(error)


def _in_to_out(mirrors: set[_Mirror]) -> Iterator[_Mirror]:
    def depth(mirror: _Mirror) -> int:
        return 0 if mirror._parent is None else 1 + depth(mirror._parent)

    yield from sorted(mirrors, key=depth, reverse=True)


def _name(bar: tqdm) -> str | None:
    """The description, without the colon that tqdm puts after it."""
    return str(bar.desc).strip().removesuffix(":").strip() or None


def _unit(bar: tqdm) -> str | None:
    return None if bar.unit in (None, "", "it") else str(bar.unit).strip()


def _scaled(bar: tqdm, value: Any) -> int | float | None:  # Any: numpy's numbers come here too
    if value is None or not math.isfinite(value):
        return None
    scale = bar.unit_scale
    if not isinstance(scale, bool) and scale not in (None, 1):
        value = value * scale
    return int(value) if value == int(value) else float(value)


def _is_terminal(file: Any) -> bool:  # Any: whatever can be written to
    file = sys.stderr if file is None else file
    return not hasattr(file, "isatty") or bool(file.isatty())


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Nowhere:
    """Where a bar is drawn that nobody sees."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass
