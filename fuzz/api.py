"""The HTTP interface from outside: requests made from our own OpenAPI document, valid and invalid ones, against a real
server. What makes and judges them is schemathesis.

Law: no 5xx; the status, the content type and the body of every answer are documented; every answer comes in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fuzz.trial import Outcome
from headway.testing.serving import Address, process

__all__ = ["Hang", "attack", "described", "operations", "try_out"]

Operation = schemathesis.APIOperation[Any, Any, Any, Any]  # Any: of whatever the document is written in
Case = schemathesis.Case[Any]  # Any: of the same

_CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_SECONDS: Final = 15.0
"""For one answer; nothing here takes one, but machines are busy."""
_WAIT: Final = 0.01
"""Of a long poll: it may ask for half a minute, and gets it."""
_ROUND: Final = 100
"""Requests of one kind to one operation before the next operation's turn."""


class Hang(Exception):
    """An answer that did not come in time."""


def described(address: Address) -> dict[str, Any]:  # Any: an OpenAPI document is free JSON
    """What the server at the address says it can do."""
    answer = requests.get(address.http("/openapi.json"), timeout=_SECONDS)
    return msgspec.json.decode(answer.content, type=dict[str, Any])


def operations(document: dict[str, Any]) -> list[Operation]:  # Any: an OpenAPI document is free JSON
    """The operations of a document."""
    return [
        result.ok()
        for result in schemathesis.openapi.from_dict(document).get_all_operations()
        if isinstance(result, Ok)
    ]


def attack(address: Address, operation: Operation, examples: int, number: int, *, valid: bool) -> int:
    """Make so many requests, as documented or not quite, and judge the answers. Returns how many were made; 0 where the
    operation takes nothing that could be wrong. Raises what schemathesis found (`FailureGroup`), or `Hang`."""
    made = 0

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE))
    def one(case: Case) -> None:
        nonlocal made
        made += 1
        if "wait" in (case.query or {}):
            with contextlib.suppress(TypeError, ValueError):
                case.query["wait"] = min(float(case.query["wait"]), _WAIT)
        answer = _exchange(case, address)
        # 501 says that this server was not set up for it, which is so.
        case.validate_response(answer, checks=_CHECKS if answer.status_code == 501 else [not_a_server_error, *_CHECKS])

    try:
        one()
    except Unsatisfiable:
        return made
    return made


def _exchange(case: Case, address: Address) -> Response:
    """Make one request. Of a stream only its beginning is read."""
    arguments = case.as_transport_kwargs(base_url=address.http(""))
    try:
        with requests.Session() as session, session.request(**arguments, stream=True, timeout=_SECONDS) as answer:
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer._content = next(answer.iter_content(64), b"")  # as if the rest had not been sent
            else:
                answer.content  # noqa: B018 - reads it
            return Response.from_requests(answer, verify=False)
    except requests.Timeout as error:
        raise Hang(f"no answer within {_SECONDS:g} s: {case.as_curl_command()}") from error


async def try_out(seconds: int, number: int) -> Outcome:
    """Attack every operation in turn for so long. Cancelling ends the server, and with it the attack."""
    with tempfile.TemporaryDirectory(prefix="headway-fuzz-") as data:
        async with process(Path(data)) as server:
            return await asyncio.to_thread(_attack_all, server.address, server.pid, seconds, number)


def _attack_all(address: Address, pid: int, seconds: int, number: int) -> Outcome:
    end = time.monotonic() + seconds
    offered = operations(described(address))
    made = crashes = hangs = 0
    found: list[str] = []
    for turn, (operation, valid) in enumerate(_for_ever(offered)):
        if time.monotonic() > end or found:
            break
        try:
            made += attack(address, operation, _ROUND, number + turn, valid=valid)
        except Hang as error:
            hangs += 1
            found.append(str(error))
        except (Failure, FailureGroup, requests.RequestException) as error:
            crashes += 1
            found += [str(one) for one in (error.exceptions if isinstance(error, FailureGroup) else [error])]
    return Outcome(
        "api",
        inputs=made,
        edges=len(offered),
        corpus=0,
        peak=_peak(pid),
        crashes=crashes,
        hangs=hangs,
        last_words="\n".join(found),
    )


def _for_ever(offered: list[Operation]) -> Iterator[tuple[Operation, bool]]:
    while offered:
        for operation in offered:
            yield operation, True
            yield operation, False


def _peak(pid: int) -> int:
    """MiB of memory that the server had at most."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) // 1024 if found else 0
