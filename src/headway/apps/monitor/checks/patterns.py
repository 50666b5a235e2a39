"""Regular expressions against what an application sent, in bounded time.

A pattern and a text can be chosen so that Python's matcher takes years, and it holds the interpreter while it does;
no look at the pattern tells all of them (`(a|aa)+$`, `a*a*a*b`). So nothing is guessed: a pattern that repeats
nothing and offers no choice is matched here, for it cannot take long; every other one in a process of its own,
which is killed when its time is over.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from contextlib import suppress
from typing import Final

from headway.errors import UsageError

__all__ = ["SECONDS", "compiled", "found"]

SECONDS: Final = 2.0
"""For one pattern. An honest one needs milliseconds for a body of full size; starting Python takes some thirty."""
_LONGEST: Final = 1_000
"""Characters of a pattern."""
_PLAIN: Final = frozenset("*+?{|")
"""Without these a pattern has one way to match from each place."""
# Isolated and without site: it reads no setting and no package of the user.
_PROGRAM: Final = """
import json, re, sys
pattern, text = json.load(sys.stdin)
sys.stdout.write("1" if re.search(pattern, text) else "0")
"""


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as written. Raises `UsageError`."""
    if not 0 < len(pattern) <= _LONGEST:
        raise UsageError(f"a pattern has 1 to {_LONGEST} characters, not {len(pattern)}")
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"{pattern!r} is no regular expression: {error}") from error


async def found(pattern: str, text: str, seconds: float = SECONDS) -> bool:
    """Whether the pattern matches somewhere. Raises `TimeoutError` when that takes too long. Cancel freely."""
    if not _PLAIN.intersection(pattern):
        return re.search(pattern, text) is not None
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        "-c",
        _PROGRAM,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(seconds):
            answer, _ = await process.communicate(json.dumps([pattern, text]).encode())
        if answer not in (b"0", b"1"):
            raise OSError("the process that looks for a pattern gave no answer")
        return answer == b"1"
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
