"""The findings as Markdown, ratios first, and their place in `docs/benchmarks.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Final

from bench.generator import Figures
from bench.measures import BATCH, BUSY_PUBLISHERS, GATHER_US, Pair, Results
from bench.systems import FLOOR, SYSTEMS, System
from bench.targets import TARGETS

BEGIN: Final = "<!-- bench:begin (written by `make bench`) -->"
END: Final = "<!-- bench:end -->"
_EMPTY_PAGE: Final = f"# Benchmarks\n\n{BEGIN}\n{END}\n"
_ROWS: Final = (FLOOR, *SYSTEMS)


def markdown(results: Results, machine: dict[str, str]) -> str:
    """The whole generated part; what was not measured has no section."""
    sections = [
        _machine(machine),
        _delivery(results),
        _targets(results),
        _lone(results),
        _busy(results),
        _headroom(results),
        _bursts(results),
        _latency(results),
        _simple(results.connects, "Connects", "connects/s", lambda f: f"{f['connects_per_s']:,.0f}"),
        _idle(results),
        _catch_up(results),
        _appends(results),
        _left_out(results),
    ]
    return "\n\n".join(section for section in sections if section)


def write(page: Path, text: str) -> None:
    """Replace what stands between the markers; begin the page if there is none. Raises `ValueError` without markers."""
    old = page.read_text() if page.exists() else _EMPTY_PAGE
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page.name} has no place for the figures: {BEGIN} … {END}")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _machine(machine: dict[str, str]) -> str:
    return "\n".join(f"- {label}: {value}" for label, value in machine.items())


def _found(values: dict[str, Figures]) -> list[tuple[System, Figures]]:
    return [(system, values[system.key]) for system in _ROWS if system.key in values]


def _pair_row(system: System, pairs: list[Pair]) -> list[str]:
    if not pairs:
        return [system.name, "not measured (below)", "", "", "", "", ""]
    ratios = sorted(pair.ratio for pair in pairs)
    return [
        system.name,
        f"**{median(ratios):.2f}** ({ratios[0]:.2f}–{ratios[-1]:.2f})",
        f"{median(pair.system['deliveries_per_s'] for pair in pairs):,.0f}",
        f"{median(pair.system['events_per_segment'] for pair in pairs):.2f}",
        f"{median(pair.system['server_cpu_share'] for pair in pairs):.0%}",
        f"{median(pair.system['others_cpu_share'] for pair in pairs):.0%}",
        "yes" if system.durable else "no",
    ]


def _pair_table(results: Results, pairs: dict[str, list[Pair]]) -> str:
    floors = [pair.floor for runs in pairs.values() for pair in runs]
    speeds = sorted(floor["deliveries_per_s"] for floor in floors)
    floor_row = [
        FLOOR.name,
        "1",
        f"{median(speeds):,.0f} ({speeds[0]:,.0f}–{speeds[-1]:,.0f})",
        f"{median(floor['events_per_segment'] for floor in floors):.2f}",
        f"{median(floor['server_cpu_share'] for floor in floors):.0%}",
        f"{median(floor['others_cpu_share'] for floor in floors):.0%}",
        "no",
    ]
    rows = [
        _pair_row(system, pairs.get(system.key, []))
        for system in SYSTEMS
        if system.key in pairs or system.key in results.absent
    ]
    head = (
        "",
        "of the floor: median (min–max)",
        "deliveries/s",
        "events per segment",
        "server CPU",
        "others there",
        "durable log",
    )
    return _table(head, [floor_row, *rows])


def _delivery(results: Results) -> str:
    if not results.pairs:
        return ""
    plan = results.plan
    return (
        f"## Delivery\n\n{plan.clients} subscribers, events of about 260 bytes on the wire, each published by its own "
        f"HTTP request; {plan.publishers} publishers, each waiting for its answer; {plan.pairs} interleaved pairs of "
        f"{plan.seconds:g} s, floor then system, one process on one core. Every subscriber got every event, in order. "
        "*Events per segment* is how many events reached a subscriber in one TCP segment: 1 is one write per event and "
        "subscriber, more means that ready events were joined (by the server, or by the kernel where it sets no "
        "`TCP_NODELAY`). *Others there* is what other processes and the kernel's disk writing took of the server's "
        "core. Only Headway writes every event to disk before it sends it; the others hold it in memory, at most.\n\n"
        + _pair_table(results, results.pairs)
    )


def _targets(results: Results) -> str:
    if not any(target.figure(results) for target in TARGETS):
        return ""
    rows = "\n".join(target.line(results) for target in TARGETS)
    return f"## Promises\n\n| promise | wanted | found | |\n| --- | ---: | ---: | --- |\n{rows}"


def _lone(results: Results) -> str:
    if not results.lone_pairs:
        return ""
    return (
        "## Delivery with one publisher\n\nThe next event is published only when the last was answered, so there is "
        "nothing to join, and a server that answers late leaves its core idle.\n\n"
        + _pair_table(results, results.lone_pairs)
    )


def _busy(results: Results) -> str:
    if not results.busy_pairs:
        return ""
    return (
        f"## Delivery with {BUSY_PUBLISHERS} publishers\n\nEach waits for its answer, but there are many: what is "
        "ready together can be written together.\n\n" + _pair_table(results, results.busy_pairs)
    )


def _headroom(results: Results) -> str:
    if not results.headroom:
        return ""
    rows = [
        ["reads at once", *_medians([pair.floor for pair in results.headroom])],
        [f"reads every {GATHER_US / 1000:g} ms", *_medians([pair.system for pair in results.headroom])],
    ]
    return (
        "## The load generator is not the bottleneck\n\nIt reads as soon as there is something to read, so its core "
        "looks busy at any speed. Told to let bytes gather between reads it needs far less of its core, and the floor, "
        "whose core is full either way, gets no faster.\n\n"
        + _table(("floor", "deliveries/s", "server CPU", "load CPU"), rows)
    )


def _medians(runs: list[Figures]) -> list[str]:
    speed, server, load = (
        median(run[name] for run in runs) for name in ("deliveries_per_s", "server_cpu_share", "load_cpu_share")
    )
    return [f"{speed:,.0f}", f"{server:.0%}", f"{load:.0%}"]


def _bursts(results: Results) -> str:
    if not results.bursts:
        return ""
    rows = []
    for system in SYSTEMS:
        speeds = sorted(run["deliveries_per_s"] for run in results.bursts.get(system.key, []))
        if speeds:
            joined = median(run["events_per_segment"] for run in results.bursts[system.key])
            shown = f"{median(speeds):,.0f} ({speeds[0]:,.0f}–{speeds[-1]:,.0f})"
            rows.append([system.name, shown, f"{joined:.1f}"])
    return f"## Bursts\n\nOne request publishes an array of {BATCH} events, and what is ready is joined.\n\n" + _table(
        ("", "events delivered/s: median (min–max)", "events per segment"), rows
    )


def _latency(results: Results) -> str:
    shown = ("delivery_p50_ms", "delivery_p99_ms", "last_delivery_p50_ms", "last_delivery_p99_ms")
    rows = [[system.name, *(f"{f[name]:.2f}" for name in shown)] for system, f in _found(results.latency)]
    if not rows:
        return ""
    head = ("ms", "each subscriber, p50", "p99", "last subscriber, p50", "p99")
    return (
        f"## Fan-out latency\n\nFrom sending the publish request to reading the event: {results.plan.rate:g} "
        f"events/s to {results.plan.clients} subscribers. Headway's includes its commit to disk.\n\n"
        + _table(head, rows)
    )


def _simple(values: dict[str, Figures], title: str, unit: str, show: Callable[[Figures], str]) -> str:
    rows = [[system.name, show(figures)] for system, figures in _found(values)]
    return f"## {title}\n\n" + _table(("", unit), rows) if rows else ""


def _idle(results: Results) -> str:
    section = _simple(
        results.idle, "Memory of an idle connection", "KiB", lambda f: f"{f['bytes_per_connection'] / 1024:.1f}"
    )
    note = (
        f"\n\nGrowth of the server's resident memory over {results.plan.idle:,} subscribers, after the first 200; the "
        "kernel's socket buffers are not in it."
    )
    return section + note if section else ""


def _catch_up(results: Results) -> str:
    rows = [
        [system.name, f"{f['deliveries_per_s']:,.0f}", f"{f['elapsed_s']:.1f}"]
        for system, f in _found(results.catch_up)
    ]
    if not rows:
        return ""
    return (
        f"## Catch-up\n\n{results.plan.readers:,} readers ask at once for {results.plan.missed:,} missed events "
        "each.\n\n" + _table(("", "events read/s", "until the last reader is at the head, s"), rows)
    )


def _appends(results: Results) -> str:
    rows = [[what, f"{figures['events_per_s']:,.0f}"] for what, figures in results.appends.items()]
    return "## Durable appends\n\n" + _table(("", "events/s"), rows) if rows else ""


def _left_out(results: Results) -> str:
    names = {system.key: system.name for system in _ROWS}
    lines = [f"- {names[key]} was not measured: {reason}" for key, reason in results.absent.items()]
    lines += [f"- {failure}" for failure in results.failures]
    return "## Left out\n\n" + "\n".join(lines) if lines else ""
