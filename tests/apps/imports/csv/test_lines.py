"""Physical lines in batches."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.imports.csv import lines
from headway.apps.imports.csv.lines import Endless, batches, head, line_end

ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "cp1252"]
texts = st.text("aä𝒳\r\n\x0b\x85\u2028", max_size=60)


@given(texts, st.sampled_from(ENCODINGS[:3]), st.integers(1, 12))
def test_lines_end_at_three_breaks_and_no_others(text: str, encoding: str, block: int) -> None:
    """However the file is cut into blocks, its lines end at LF, CR LF and CR, and their sizes add up."""
    data = text.encode(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK", block)
        found = [*batches(io.BytesIO(data), encoding, 0, 1_000)]

    texts = [text for batch in found for text in batch.texts]
    sizes = [size for batch in found for size in batch.sizes]
    assert texts == re.findall("[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
    assert sizes == [len(line.encode(encoding)) for line in texts]


@given(st.binary(max_size=60), st.sampled_from(ENCODINGS), st.integers(1, 12))
def test_any_bytes_are_lines(data: bytes, encoding: str, block: int) -> None:
    """Bytes that are no characters are in some line, and every byte is in one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK", block)
        found = [*batches(io.BytesIO(data), encoding, 0, 1_000)]

    assert sum(size for batch in found for size in batch.sizes) == len(data)


@given(texts, st.sampled_from(ENCODINGS[:3]), st.integers(1, 12))
def test_the_end_of_a_line(text: str, encoding: str, block: int) -> None:
    """Where a line ends is found without keeping it, whatever the blocks."""
    data = text.encode(encoding)
    first = re.match("[^\r\n]*(?:\r\n|\r|\n|$)", text)
    assert first is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK", 2 * block)

        assert line_end(io.BytesIO(data), encoding, 0) == len(first[0].encode(encoding))


def test_a_line_that_is_too_long() -> None:
    """A line beyond the bound ends the batches after those before it."""
    found = batches(io.BytesIO(b"a\nb\n" + b"c" * 400_000), "utf-8", 0, 1_000)

    assert next(found).texts == ["a\n", "b\n"]
    with pytest.raises(Endless):
        next(found)


def test_the_head_of_a_file() -> None:
    """The first lines up to a number of bytes, and the one that goes beyond."""
    assert head(io.BytesIO(b"ab\ncd\nef\n"), "utf-8", 0, 4) == (["ab\n", "cd\n"], [3, 3])


def test_half_a_character_after_a_line_break() -> None:
    """Where UTF-16 ends in half a character, a CR before it still ends its line."""
    [batch] = batches(io.BytesIO(b"a\0\r\0x"), "utf-16-le", 0, 1_000)

    assert batch.texts == ["a\r", "�"]
    assert [*batch.flaws] == [1]
