"""The doctor: tries every transport from where it runs, and says in plain sentences what the network does to each.

    report = await examine("https://live.example.org", token="…")
    report.verdict, report.findings, document(report)

`examination` has the order of it; `way`, `server`, `lines`, `trials`, `fallbacks` and `sizes` look, and put down what
they saw as the values of `observed`; `judgement` alone makes findings of those, and is pure. It belongs to the client,
since it sees what a client would see. Must not know how anything is shown.
"""

from __future__ import annotations

from headway.client.doctor.examination import examine
from headway.client.doctor.observed import Check
from headway.client.doctor.patience import Patience
from headway.client.doctor.report import Finding, Level, Report, Verdict, document

__all__ = ["Check", "Finding", "Level", "Patience", "Report", "Verdict", "document", "examine"]
