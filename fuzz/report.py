"""The table at the end, and each finding so that it can become a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fuzz.trial import Outcome

__all__ = ["findings", "table"]

_COLUMNS = ("inputs", "edges", "corpus", "peak MiB", "crashes", "hangs")


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each target. Every number of the last two columns must be 0."""
    lines = [_line("target", _COLUMNS)]
    for one in outcomes:
        values = (one.inputs, one.edges, one.corpus, one.peak, one.crashes, one.hangs)
        lines.append(_line(one.target, [f"{value:,}" for value in values]))
    return lines


def findings(outcome: Outcome) -> Iterator[str]:
    """What was found: the end of what the process said, and the inputs, spelled as a seed of the target."""
    if outcome.whole:
        return
    yield f"FOUND in {outcome.target!r}:"
    yield outcome.last_words or "the process fed it nothing, or had to be killed"
    for data in outcome.inputs_found:
        yield f"the input; as a seed of the target it is a regression test:\n    {data!r},"


def _line(first: str, others: Sequence[str]) -> str:
    return f"{first:18}" + "".join(f"{other:>12}" for other in others)
