"""The HTTP interface against its own OpenAPI document: no answer blames the server, none is undocumented, none is late.

`make fuzz ARGS="--target api --minutes 10"` does the same for as long as one likes.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from schemathesis.core.failures import Failure, FailureGroup

from fuzz.api import attack, described, operations
from headway.testing.serving import Address, process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

EXAMPLES = 8
"""Of each kind for each operation; more make a busy machine late and find little more."""
NUMBER = 3
"""Which requests are made. The same in every run: what is new is for `make fuzz`."""

ALONE = {"APPS": ""}
"""The server's own interface. What applications answer is documented by sentences, and tested with each."""


def everything(address: Address, kinds: tuple[bool, ...]) -> dict[str, int]:
    """Attack every operation with valid requests, invalid ones, or both; how many were made of each."""
    return {
        f"{operation.label} {valid}": attack(address, operation, EXAMPLES, NUMBER, valid=valid)
        for operation in operations(described(address))
        for valid in kinds
    }


async def test_answers_are_as_documented(tmp_path: Path) -> None:
    """To whoever may do everything: status, content type and body of every answer stand in the document."""
    async with process(tmp_path, settings=ALONE) as server:
        made = await asyncio.to_thread(everything, server.address, (True, False))

    assert made["POST /api/channels/{channel}/events True"] == EXAMPLES
    assert made["POST /api/channels/{channel}/events False"] == EXAMPLES
    assert len(made) >= 14


async def test_refusals_are_as_documented(tmp_path: Path) -> None:
    """And so are those to who has no token, where one is needed."""
    secret = "a secret of this test, long enough for HS256"
    async with process(tmp_path, settings={"SECRET": secret, **ALONE}) as server:
        made = await asyncio.to_thread(everything, server.address, (True,))

    assert sum(made.values()) > EXAMPLES


async def test_an_answer_that_is_not_documented_is_found(tmp_path: Path) -> None:
    """A document that has one answer too few does not pass: the checks do check."""
    async with process(tmp_path, settings=ALONE) as server:
        document = await asyncio.to_thread(described, server.address)
        del document["paths"]["/api/channels/{channel}/events"]["post"]["responses"]["201"]
        publish = next(one for one in operations(document) if one.label == "POST /api/channels/{channel}/events")

        with pytest.raises((Failure, FailureGroup), match="Received: 201"):
            await asyncio.to_thread(attack, server.address, publish, EXAMPLES, NUMBER, valid=True)
