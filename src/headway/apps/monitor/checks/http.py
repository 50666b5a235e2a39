"""The HTTP probe: ask, follow, read a bounded part, compare.

Redirects: at most ten; each is judged by the rules of egress as the first URL was; the same question twice is a loop.
Away from the origin (scheme, host, port) go no headers that carry a secret, no `Authorization` and no `Cookie`, and
no body. A 303, and a 301 or 302 of a POST, goes on as GET. Bodies of redirects are not read, and no cookies are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from headway.apps.monitor.checks import expectations, patterns
from headway.apps.monitor.checks.configuration import HttpCheck
from headway.apps.monitor.checks.connection import Found, opened
from headway.apps.monitor.checks.exchange import BODY_BYTES, MOVED, Answer, Request, exchanged
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.measured import Measured
from headway.apps.monitor.checks.outcome import Failed, Judgement, Outcome, Reason
from headway.apps.monitor.checks.placeholders import Filled, fill, masked
from headway.apps.monitor.checks.verdict import Extras, conditions_judged, failure, good, unhappy
from headway.egress import Refused, Target
from headway.version import VERSION

__all__ = ["probe"]

_REDIRECTS: Final = 10
"""Browsers stop at twenty, Go's client at ten; two or three are common."""
_ABOUT_BODY: Final = frozenset({"content-type", "content-encoding", "content-language"})


@dataclass(frozen=True, slots=True)
class _Step:
    """One question on the way."""

    target: Target
    method: str
    headers: dict[str, str]
    body: bytes


async def probe(check: HttpCheck, means: Means, found: Found) -> Outcome:
    """Ask an application. `TimeoutError` comes from outside; everything else is in the outcome. Cancel freely."""
    try:
        filled = fill(check.headers, means.resolve)
    except LookupError as error:
        # `str` of a KeyError is its `repr`; resolvers raise sentences.
        message = str(error.args[0]) if error.args else "a secret is missing"
        return failure(Failed(Reason.SECRET_MISSING, message, unknown=True), found)
    try:
        outcome = await _asked(check, filled, means, found)
    except Failed as error:
        outcome = failure(error, found)
    return _without(outcome, filled.secrets)


async def _asked(check: HttpCheck, filled: Filled, means: Means, found: Found) -> Outcome:
    answer, redirects = await _followed(check, filled, means, found)
    found.answered()
    extras = Extras(http_status=answer.status, redirects=redirects, body=answer.body.content, body_cut=answer.body.cut)
    judgements = await _judged(check, answer, found)
    return unhappy(judgements, found, extras) or good(
        f"status {answer.status}",
        judgements,
        found,
        extras,
        warn_after=check.warn_after,
        certificate_days=check.certificate_days,
    )


async def _followed(check: HttpCheck, filled: Filled, means: Means, found: Found) -> tuple[Answer, int]:
    step = _Step(Target.of(check.url), check.method, filled.headers, check.payload())
    seen: list[tuple[str, Target]] = []
    while True:
        seen.append((step.method, step.target))
        answer = await _answered(step, check, means, found, first=len(seen) == 1)
        location = answer.headers.get("location")
        if answer.status not in MOVED or not location or not check.follow_redirects:
            return answer, len(seen) - 1
        step = _next(step, answer.status, location, filled)
        if (step.method, step.target) in seen:
            raise Failed(Reason.REDIRECT_LOOP, f"the redirects go round in a circle: {_way(seen, step.target)}")
        if len(seen) > _REDIRECTS:
            raise Failed(Reason.TOO_MANY_REDIRECTS, f"there are more than {_REDIRECTS} redirects")


async def _answered(step: _Step, check: HttpCheck, means: Means, found: Found, *, first: bool) -> Answer:
    target = step.target
    try:
        async with opened(
            target.host, target.port, means, found, tls=target.scheme == "https", verify=check.validate_ssl
        ) as streams:
            request = Request(step.method, target.path, _complete(step), step.body)
            return await exchanged(streams, request, found.watch, redirects=check.follow_redirects)
    except Failed as error:
        if error.reason is Reason.ADDRESS_REFUSED and not first:
            raise Failed(Reason.REDIRECT_REFUSED, f"the redirect is not followed: {error.message}") from error
        raise


def _complete(step: _Step) -> dict[str, str]:
    ours = {
        "Host": step.target.authority,
        "User-Agent": f"Headway/{VERSION}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    theirs = {name.lower() for name in step.headers}
    return {name: value for name, value in ours.items() if name.lower() not in theirs} | step.headers


def _next(step: _Step, status: int, location: str, filled: Filled) -> _Step:
    target = _joined(step.target, location)
    method, headers, body = step.method, step.headers, step.body
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body = "GET", b""
        headers = {name: value for name, value in headers.items() if name.lower() not in _ABOUT_BODY}
    if target.origin != step.target.origin:
        body = b""
        headers = {
            name: value for name, value in headers.items() if name.lower() not in filled.keyed | _ABOUT_BODY | {"host"}
        }
    return _Step(target, method, headers, body)


def _joined(base: Target, location: str) -> Target:
    try:
        # Headers are read as Latin-1; who puts letters into a URL means UTF-8.
        return base.joined(location.encode("latin-1").decode("utf-8", "replace"))
    except Refused as error:
        raise Failed(Reason.REDIRECT_REFUSED, f"the redirect is not followed: {error}") from error


def _way(seen: Sequence[tuple[str, Target]], last: Target) -> str:
    hosts = [target for _, target in seen]
    return " → ".join(_bare(target) for target in (*hosts[hosts.index(last) :], last))


def _bare(target: Target) -> str:
    """Without the query: sessions and signatures stand there."""
    return str(target).partition("?")[0][:200]


async def _judged(check: HttpCheck, answer: Answer, found: Found) -> list[Judgement]:
    measured = Measured(
        status=answer.status,
        address=str(found.address),
        connected=True,
        response_time_ms=found.watch.timings().total,
        certificate_ms=found.certificate.days_left * 86_400_000 if found.certificate else None,
        headers=answer.headers,
        body=answer.body.content,
    )
    judgements = []
    if expected := expectations.statuses(check.statuses()):
        judgements.append(expectations.status_judged(expected, answer.status))
    judgements += expectations.body_judged(check.expected_response, check.expected_paths, measured)
    if check.expected_pattern is not None:
        judgements.append(await _pattern_judged(check.expected_pattern, measured))
    judgements += conditions_judged(check.conditions, measured)
    return [_explained(judgement, answer) for judgement in judgements]


async def _pattern_judged(pattern: str, measured: Measured) -> Judgement:
    wish = f"the body matches {pattern}"
    try:
        held = await patterns.found(pattern, measured.text)
    except TimeoutError:
        return Judgement(
            wish, False, Reason.PATTERN_TIMEOUT, f"{pattern!r} takes too long on this body; write it simpler"
        )
    except OSError as error:
        return Judgement(wish, False, Reason.INTERNAL, str(error))
    return Judgement(wish, held, Reason.BODY_PATTERN, f"the body does not match {pattern!r}")


_OF_BODY: Final = frozenset({Reason.BODY_TEXT, Reason.BODY_JSON, Reason.BODY_PATH, Reason.BODY_PATTERN})


def _explained(judgement: Judgement, answer: Answer) -> Judgement:
    """A wish that the body may only seem not to fulfil: it was not read to its end, or cannot be read."""
    if judgement.held or judgement.reason not in _OF_BODY:
        return judgement
    if not answer.body.readable:
        encoding = answer.headers.get("content-encoding", "")[:40]
        return replace(judgement, reason=Reason.BODY_ENCODING, message=f"the body cannot be decoded from {encoding!r}")
    if answer.body.cut:
        message = f"{judgement.message}; only its first {BODY_BYTES // 1024} KB are read"
        return replace(judgement, reason=Reason.BODY_TOO_LARGE, message=message)
    return judgement


def _without(outcome: Outcome, secrets: tuple[str, ...]) -> Outcome:
    if not secrets:
        return outcome
    return replace(
        outcome,
        message=masked(outcome.message, secrets),
        judgements=tuple(replace(one, message=masked(one.message, secrets)) for one in outcome.judgements),
    )
