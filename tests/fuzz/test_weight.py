"""What a thing is said to hold."""

from __future__ import annotations

import sys
import tracemalloc

from fuzz.weight import held
from headway.protocols.websocket import FrameReader, Opcode


class Slotted:
    """A thing with slots, one of them empty."""

    __slots__ = ("_inside", "_unset")

    def __init__(self, inside: object) -> None:
        self._inside = inside


def test_what_is_inside_counts_once() -> None:
    """Containers, slots and attributes are followed; what is reached twice weighs once."""
    data = bytes(1_000)

    assert held(Slotted([data, data, {"a": data}])) < 1_000 + 600
    assert held([bytearray(1_000), bytearray(1_000)]) > 2_000


def test_what_is_everybodys_does_not_count() -> None:
    """Classes, enum members and functions are there anyway."""
    everybody = [Slotted, Opcode.TEXT, held]

    assert held(everybody) == sys.getsizeof(everybody)


def test_it_is_what_the_allocator_says() -> None:
    """A reader in the middle of a message weighs what Python allocated for it, give or take a tenth."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        reader = FrameReader(200_000)
        reader.receive(b"\x02\xfe\xff\xff\0\0\0\0" + bytes(65_535))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert abs(held(reader) - (after - before)) < 8_000
