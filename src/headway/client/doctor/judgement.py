"""From what was seen to what it means: findings with advice, and a verdict. Pure.

    good        every transport that was tried works                                  exit 0
    impaired    something does not, or not well; the client works over what is left   exit 1
    unusable    nothing gets through                                                  exit 2

A finding about a transport decides its level; what was found before any transport was tried decides all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from headway.client.doctor.observed import LADDER, Check, Observed
from headway.client.doctor.patience import Patience
from headway.client.doctor.report import Finding, Level, Report, Verdict
from headway.client.doctor.surroundings import judge_access, judge_server, judge_sizes, judge_way
from headway.client.doctor.transports import judge_transport, title

__all__ = ["judge"]

_ORDER: Final = {Level.FAILED: 0, Level.IMPAIRED: 1, Level.NOTE: 2}


def judge(seen: Observed, patience: Patience, version: str) -> Report:
    """The report; when and for how long is for others to say."""
    findings = tuple(sorted(_findings(seen, patience, version), key=lambda finding: _ORDER[finding.level]))
    levels = {trial.check.value: _level(trial.check.value, findings) for trial in seen.trials}
    verdict = _verdict(seen, findings, levels)
    report = Report(seen, findings, levels, verdict, version=version)
    return replace(report, sentence=_sentence(report))


def _findings(seen: Observed, patience: Patience, version: str) -> Iterator[Finding]:
    yield from judge_way(seen.way)
    if seen.server is not None:
        yield from judge_server(seen.server, version)
    if seen.access is not None:
        yield from judge_access(seen.access, seen.publishing)
    for trial in seen.trials:
        yield from judge_transport(trial, seen, patience)
    yield from _fallbacks(seen)
    if seen.sizes is not None:
        yield from judge_sizes(seen.sizes)


def _fallbacks(seen: Observed) -> Iterator[Finding]:
    climbed = seen.fallbacks
    if climbed is None:
        return
    if climbed.lost or climbed.repeated:
        yield Finding(
            "fallback_lost",
            Level.FAILED,
            "fallback",
            f"Of {climbed.published} events {climbed.lost} were lost and {climbed.repeated} told twice while the "
            "client changed its transport.",
            "This must never happen. Please report it, with the output of --json.",
        )
    came = {rung.transport for rung in climbed.rungs}
    missed = [name for name in climbed.expected if name not in came]
    if not came:
        yield Finding(
            "client_stops",
            Level.FAILED,
            "fallback",
            "The client came to no transport at all" + (f": {climbed.reason}." if climbed.reason else "."),
            "Where transports work by themselves this must not happen. Please report it, with the output of --json.",
        )
    elif missed:
        yield Finding(
            "fallback_failed",
            Level.IMPAIRED,
            "fallback",
            f"The client did not come to {_list([title(Check(name)) for name in missed])}, though it works by itself"
            + (f": {climbed.reason}." if climbed.reason else "."),
            "Run the doctor again. If it stays so, a transport that dies now and then ends in silence.",
        )


def _level(name: str, findings: tuple[Finding, ...]) -> Level | None:
    levels = [finding.level for finding in findings if finding.subject == name and finding.level is not Level.NOTE]
    return min(levels, key=lambda level: _ORDER[level], default=None)


def _verdict(seen: Observed, findings: tuple[Finding, ...], levels: dict[str, Level | None]) -> Verdict:
    if not _usable(seen, levels):
        return Verdict.UNUSABLE
    impaired = any(finding.level is not Level.NOTE for finding in findings)
    return Verdict.IMPAIRED if impaired else Verdict.GOOD


def _usable(seen: Observed, levels: dict[str, Level | None]) -> bool:
    """Whether a client gets through. Socket.IO over polling is for stock clients, unless nothing else was asked for."""
    if not seen.trials:
        # Who asked for no transport asked whether the server is there.
        return seen.access is not None and seen.access.trouble is None and seen.access.channel is not None
    if seen.fallbacks is not None and not seen.fallbacks.rungs:
        return False
    ours = {name: level for name, level in levels.items() if Check(name) in LADDER} or levels
    return any(level is not Level.FAILED for level in ours.values())


def _sentence(report: Report) -> str:
    works = [name for name, level in report.levels.items() if level is not Level.FAILED]
    failed = [title(Check(name)) for name, level in report.levels.items() if level is Level.FAILED]
    impaired = [title(Check(name)) for name, level in report.levels.items() if level is Level.IMPAIRED]
    match report.verdict:
        case Verdict.GOOD if not works:
            return "The server answers."
        case Verdict.GOOD:
            return f"All good: {_list([title(Check(name)) for name in works])} {_work(works)}."
        case Verdict.IMPAIRED if works:
            # A stable sort: of equals, the one the client likes best.
            best = min(works, key=lambda name: (Check(name) not in LADDER, report.levels[name] is not None))
            parts = [f"The client works, over {title(Check(best))}."]
            parts += [f"Does not get through: {_list(failed)}."] if failed else []
            parts += [f"Impaired: {_list(impaired)}."] if impaired else []
            return " ".join(parts) if failed or impaired else f"{parts[0]} Something beside the transports is impaired."
        case Verdict.IMPAIRED:
            return "The server answers; something is impaired."
        case Verdict.UNUSABLE if works and report.observed.fallbacks is None:
            return f"Unusable: only {_list([title(Check(name)) for name in works])} gets through, for stock clients."
        case Verdict.UNUSABLE if works:
            return "Unusable: the client comes to no transport."
        case Verdict.UNUSABLE if report.observed.trials:
            return "Unusable: the server answers, but no transport gets through."
        case Verdict.UNUSABLE:
            return "Unusable: no transport could be tried."


def _work(names: list[str]) -> str:
    return "works" if len(names) == 1 else "work"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
