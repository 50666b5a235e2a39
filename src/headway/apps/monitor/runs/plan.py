"""Which tests a run consists of, and in which order. Pure.

The total of a run is the length of its plan: what is configured and wanted, and nothing else, so that every run reaches
100 %. The order: the applications' priority, then their names; the health check of one before its login.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from headway.apps.monitor.runs.model import Chosen, Kind, Subject, Test, Wanted
from headway.codes import Code
from headway.errors import HeadwayError, UsageError

__all__ = ["PRIORITIES", "plan", "tests_of"]

PRIORITIES: Final = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_ENVIRONMENTS: Final = {"dev": "development", "prod": "production"}
_TOLD: Final = 5
"""Unknown names that are told."""


def plan(subjects: Sequence[Subject], wanted: Wanted) -> list[Test]:
    """The tests in their order. Raises `HeadwayError` for an application that is not there, `UsageError` where nothing
    is to be tested."""
    chosen = _named(subjects, wanted.applications) if wanted.applications else [one for one in subjects if one.active]
    found = [one for one in chosen if _fits(one, wanted.filter)]
    ordered = sorted(found, key=lambda one: (PRIORITIES.get(one.priority, len(PRIORITIES)), one.name))
    tests = [test for one in ordered for test in tests_of(one, wanted.kinds)]
    if not tests:
        kinds = " or ".join(kind.replace("_", " ") for kind in wanted.kinds)
        raise UsageError(
            f"there is nothing to test: {len(found)} applications were chosen, and none of them has a {kinds}",
            details={"chosen": len(found)},
        )
    return tests


def tests_of(subject: Subject, kinds: Iterable[Kind]) -> list[Test]:
    """The tests of one application."""
    wanted = set(kinds)
    return [
        Test(
            subject.id,
            subject.number,
            subject.name,
            subject.title,
            subject.environment,
            kind,
            browser=kind is Kind.LOGIN and subject.login is not None and not subject.login.light,
        )
        for kind in subject.kinds
        if kind in wanted
    ]


def _named(subjects: Sequence[Subject], names: Sequence[str]) -> list[Subject]:
    """Those that were named, each once, active or not: who names one means it."""
    known = {one.name: one for one in subjects} | {one.id: one for one in subjects}
    unknown = [name for name in names if name not in known]
    if unknown:
        told = ", ".join(repr(name[:100]) for name in unknown[:_TOLD])
        raise HeadwayError(f"there is no application {told}", code=Code.NOT_FOUND, details={"unknown": unknown[:_TOLD]})
    return list({known[name].id: known[name] for name in names}.values())


def _fits(subject: Subject, chosen: Chosen) -> bool:
    environment = _ENVIRONMENTS.get(chosen.environment or "", chosen.environment)
    return (
        environment in (None, subject.environment)
        and chosen.category in (None, subject.category)
        and chosen.status in (None, subject.status)
        and chosen.priority in (None, subject.priority)
        and set(chosen.tags) <= set(subject.tags)
    )
