"""What an answer is expected to be, beside conditions: its status, its text, its JSON. Pure.

    expectedStatus     200, "2xx", "200-299"        expectedResponse   a text that stands in the body, or JSON: a subset
    expectedPaths      {"data.items[0].id": 7}

A subset: an object has at least these members; a list has exactly these elements, each at least so; the rest is equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from headway.apps.monitor.checks.jsonpath import Absent, parsed, walked
from headway.apps.monitor.checks.measured import Measured
from headway.apps.monitor.checks.outcome import Judgement, Reason
from headway.errors import UsageError

__all__ = ["StatusRange", "accepts", "body_judged", "status_judged", "statuses"]

Json = Any  # any JSON value
StatusRange = tuple[int, int]

_SHOWN: Final = 80
_RANGE: Final = re.compile(r"(?P<hundred>[1-5])xx|(?P<low>\d{3})(?:\s*-\s*(?P<high>\d{3}))?", re.IGNORECASE)


def statuses(expected: Sequence[int | str]) -> tuple[StatusRange, ...]:
    """Expected statuses as written. Raises `UsageError`."""
    return tuple(_range(one) for one in expected)


def _range(written: int | str) -> StatusRange:
    match = _RANGE.fullmatch(str(written).strip())
    if match and match["hundred"]:
        return int(match["hundred"]) * 100, int(match["hundred"]) * 100 + 99
    if match:
        low, high = int(match["low"]), int(match["high"] or match["low"])
        if 100 <= low <= high <= 599:
            return low, high
    raise UsageError(f"{written!r} is no status to expect; write 200, 2xx or 200-299")


def accepts(ranges: Sequence[StatusRange], status: int) -> bool:
    """Whether a status is among those expected."""
    return any(low <= status <= high for low, high in ranges)


def status_judged(ranges: Sequence[StatusRange], status: int) -> Judgement:
    """Whether the status is among those expected."""
    wish = " or ".join(str(low) if low == high else f"{low}–{high}" for low, high in ranges)
    return Judgement(
        f"status {wish}", accepts(ranges, status), Reason.STATUS, f"the answer has status {status}, expected is {wish}"
    )


def body_judged(response: Json, paths: dict[str, Json], measured: Measured) -> Iterator[Judgement]:
    """Whether the body is as expected. None of it is asked where nothing is expected."""
    if isinstance(response, str):
        held = response in measured.text or response.encode() in (measured.body or b"")
        wish = f"the body holds {_short(response)}"
        yield Judgement(wish, held, Reason.BODY_TEXT, f"the body does not hold {_short(response)}")
    elif response is not None:
        yield _json_judged(response, measured)
    for path, expected in paths.items():
        yield _path_judged(path, expected, measured)


def _json_judged(expected: Json, measured: Measured) -> Judgement:
    if isinstance(measured.document, Absent):
        return Judgement("the body is JSON", False, Reason.BODY_JSON, "the body is no JSON")
    where = difference(expected, measured.document)
    return Judgement("the body is as expected", where is None, Reason.BODY_JSON, f"the body differs: {where}")


def _path_judged(path: str, expected: Json, measured: Measured) -> Judgement:
    found = walked(measured.document, parsed(path))
    held = found is not None and not isinstance(found, Absent) and difference(expected, found) is None
    if isinstance(found, Absent) and expected is None:
        held = not isinstance(measured.document, Absent)
    shown = "nothing" if isinstance(found, Absent) else _short(found)
    wish = f"{path} is {_short(expected)}"
    return Judgement(wish, held, Reason.BODY_PATH, f"{path} is {shown}, expected is {_short(expected)}")


def difference(expected: Json, found: Json, where: str = "") -> str | None:
    """Where the expected is not found, as a sentence; None where all of it is."""
    match expected:
        case dict():
            if not isinstance(found, dict):
                return f"{where or 'the whole'} is no object"
            for name, inner in expected.items():
                inside = f"{where}.{name}" if where else name
                if name not in found:
                    return f"{inside} is missing"
                if (differs := difference(inner, found[name], inside)) is not None:
                    return differs
            return None
        case list():
            if not isinstance(found, list) or len(found) != len(expected):
                return f"{where or 'the whole'} is no list of {len(expected)}"
            pairs = zip(expected, found, strict=True)
            inners = (difference(one, other, f"{where}[{index}]") for index, (one, other) in enumerate(pairs))
            return next((differs for differs in inners if differs is not None), None)
    # In Python True is 1; in JSON it is not.
    if isinstance(expected, bool) == isinstance(found, bool) and expected == found:
        return None
    return f"{where or 'the whole'} is {_short(found)}, expected is {_short(expected)}"


def _short(value: Json) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
