"""What people import to run a server says what is so."""

import json
import re
from pathlib import Path

from headway.server.metrics import METRICS, PROCESS, Kind
from headway.server.workload import WORKLOAD

DASHBOARD = Path(__file__).resolve().parent.parent / "ops" / "grafana.json"
HISTOGRAM = ("_bucket", "_count", "_sum")


def expressions() -> list[str]:
    """Every query of the dashboard."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def test_the_dashboard_asks_for_metrics_that_are_there() -> None:
    """Each name and each label in a query is one of the table: a panel that stays empty is a promise nobody keeps."""
    shown = {name: set(metric.labels) for metric in METRICS for name in _names(metric.name, metric.kind)}
    shown |= {name: set(metric.labels) for metric in WORKLOAD for name in _names(metric.name, metric.kind)}
    shown |= {name: set() for name in PROCESS}

    for expression in expressions():
        names = re.findall(r"\b(?:headway|process)_\w+", expression)
        labels = {label for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(", ")}
        labels |= set(re.findall(r"[{,](\w+)=", expression))
        assert names, expression
        for name in names:
            assert name in shown, name
            assert labels - {"le", "job"} <= shown[name], expression


def test_the_dashboard_shows_each_concern() -> None:
    """Panels do not overlap, and none is without a query or a title."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]

    assert len(set(places)) == len(panels) == len({panel["id"] for panel in panels})
    assert all(panel["title"] and (panel["type"] == "row" or panel["targets"]) for panel in panels)


def _names(name: str, kind: Kind) -> list[str]:
    return [name + ending for ending in HISTOGRAM] if kind is Kind.HISTOGRAM else [name]
