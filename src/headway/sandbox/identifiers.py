"""Ids and times as they are spelled: ids come from the seed, times from whoever calls."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["Identifiers", "is_uuid", "spelled_time"]

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_VARIANTS: Final = "89ab"


class Identifiers:
    """Random-looking version 4 UUIDs, the same ones for the same seed and name."""

    def __init__(self, seed: int, name: str) -> None:
        self._bits = random.Random(f"{seed}:{name}").getrandbits

    def next(self) -> str:
        """One more."""
        digits = f"{self._bits(128):032x}"
        variant = _VARIANTS[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def secret(self) -> str:
        """Forty letters and digits, as a client secret."""
        return f"{self._bits(160):040x}"


def is_uuid(text: object) -> bool:
    """Whether it is spelled as an id."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


def spelled_time(now: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, with milliseconds and `Z`."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
