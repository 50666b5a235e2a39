"""What the doctor found, for people: in a terminal of 80 columns or more, or in a file, where nothing has a colour.

Headway at https://live.example.org
version 0.1.0 · TLSv1.3, certificate 61 days · name 2 ms, TCP 11 ms, TLS 24 ms · clock +0.1 s

transport                  connect     event      ping  held
✔ WebSocket                  35 ms     14 ms     12 ms  1 s
✘ Server-Sent Events         31 ms         –         –  –        buffered

Fallback  WebSocket 40 ms → Socket.IO 212 ms → Server-Sent Events 180 ms → polling 95 ms, 4 events, none lost
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from types import TracebackType
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text

from headway.cli.output import visible
from headway.client.doctor import Check, Finding, Level, Report, Verdict
from headway.client.doctor.observed import Fallbacks, ServerSeen, Trial, WaySeen
from headway.client.doctor.transports import title

__all__ = ["Steps", "rendered", "show"]

_WIDEST: Final = 120
"""Columns: longer lines are not read with pleasure."""
_STYLES: Final = {
    None: ("✔", "green"),
    Level.NOTE: ("·", "dim"),
    Level.IMPAIRED: ("!", "yellow"),
    Level.FAILED: ("✘", "red"),
}
_VERDICTS: Final = {Verdict.GOOD: "bold green", Verdict.IMPAIRED: "bold yellow", Verdict.UNUSABLE: "bold red"}


class Steps:
    """Says on stderr what is being looked at, while it is entered."""

    def __init__(self) -> None:
        self._status = Status("", console=Console(stderr=True))

    def __enter__(self) -> Steps:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def __call__(self, step: str) -> None:
        """This is being looked at now."""
        self._status.update(Text(f"looking at {step}" if not step.startswith(("holding", "falling")) else step))


def show(report: Report, console: Console | None = None) -> None:
    """Print it."""
    console = console or Console(highlight=False)
    width = min(console.width, _WIDEST)
    if console.is_terminal:
        console.print(rendered(report), width=width)
        return
    with console.capture() as captured:
        console.print(rendered(report), width=width)
    # Tables fill their lines with spaces, which nobody wants in a file.
    print("\n".join(line.rstrip() for line in captured.get().splitlines()), flush=True)


def rendered(report: Report) -> RenderableType:
    """All of it, to be printed in any width."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    seen = report.observed
    yield Text.assemble("Headway at ", (visible(str(seen.address)), "bold"))
    facts = " · ".join(_facts(seen.way, seen.server))
    if facts:
        yield Text(facts, style="dim")
    if seen.trials:
        yield Text()
        yield _table(report)
    if seen.fallbacks is not None:
        yield Text()
        yield _fallbacks(seen.fallbacks)
    for alike in _grouped(report.findings):
        yield Text()
        yield from _findings(alike)
    yield Text()
    yield Text(visible(report.sentence), style=_VERDICTS[report.verdict])
    if seen.trials and seen.asked_idle is None:
        yield Text("Idle cut-offs were not looked for; --idle 120 does.", style="dim")


def _facts(way: WaySeen, server: ServerSeen | None) -> Iterator[str]:
    if server is not None and server.headway:
        yield f"version {visible(server.version)}" if server.version else "version not told to us"
    if way.tls_version is not None:
        days = "" if way.certificate_days is None else f", certificate {way.certificate_days:.0f} days"
        yield f"{way.tls_version}{days}"
    if way.addresses:
        yield way.addresses[0] + (f" and {len(way.addresses) - 1} more" if len(way.addresses) > 1 else "")
    took = [
        (name, seconds)
        for name, seconds in (("name", way.dns), ("TCP", way.tcp), ("TLS", way.tls))
        if seconds is not None
    ]
    if took:
        yield ", ".join(f"{name} {_time(seconds)}" for name, seconds in took)
    if server is not None and server.skew is not None:
        within = abs(server.skew) <= server.skew_within
        yield "clocks agree" if within else f"its clock {server.skew:+.0f} s"


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    kind = "event" if any(trial.lags for trial in report.observed.trials) else "state"
    table.add_column("transport", header_style="dim", no_wrap=True)
    for name in ("connect", kind, "ping", "held"):
        table.add_column(name, justify="right", header_style="dim", no_wrap=True)
    table.add_column("", no_wrap=False)
    for trial in report.observed.trials:
        level = report.levels.get(trial.check.value)
        sign, style = _STYLES[level]
        codes = [finding.code.replace("_", " ") for finding in report.findings if finding.subject == trial.check.value]
        held = trial.hold.held if trial.hold is not None else None
        table.add_row(
            Text.assemble((sign, style), " ", title(trial.check)),
            _time(trial.connect),
            _time(_event(trial, kind)),
            _time(trial.ping),
            _time(held),
            Text(", ".join(codes), style=style),
        )
    return table


def _event(trial: Trial, kind: str) -> float | None:
    return trial.follow if kind == "state" else median(trial.lags) if trial.lags else None


def _fallbacks(fallbacks: Fallbacks) -> Text:
    text = Text.assemble(("fallback  ", "dim"))
    for number, rung in enumerate(fallbacks.rungs):
        text.append(" → " if number else "", "dim")
        text.append(f"{title(Check(rung.transport))} ").append(_time(rung.after), "cyan")
    if not fallbacks.rungs:
        text.append("the client came to no transport")
    if fallbacks.published:
        whole = not fallbacks.lost and not fallbacks.repeated
        told = "each told once" if whole else f"{fallbacks.lost} lost, {fallbacks.repeated} told twice"
        text.append(f"; {fallbacks.published} events, {told}", "green" if whole else "red")
    return text


def _grouped(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings with the same advice together: what helps one transport often helps another."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.code, finding.level, finding.advice, finding.recipe), []).append(finding)
    return list(groups.values())


def _findings(alike: Sequence[Finding]) -> Iterator[RenderableType]:
    finding = alike[0]
    sign, style = _STYLES[finding.level]
    # A hanging indent: what belongs to a sign stands to its right.
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=1)
    line.add_column()
    for one in alike:
        line.add_row(Text(sign, style), Text(visible(one.sentence), "" if one.level is Level.NOTE else "bold"))
    if finding.advice is not None:
        line.add_row("", Text(visible(finding.advice)))
    yield line
    if finding.recipe is not None:
        yield Padding(Text(finding.recipe, "cyan"), (0, 0, 0, 4))


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
