"""Progress of this program, for people who watch it on a server elsewhere.

    import headway

    with headway.task("Nightly ETL", total=len(rows)) as task:      the server is HEADWAY_URL, the token HEADWAY_TOKEN
        for row in task.track(rows):
            ...

    reporter = Reporter("https://progress.example.org", token="…")   or said here

Knows the handles of tasks and the HTTP interface. Must not know the server's insides, and must never break or hold up
the program it is part of.
"""

from __future__ import annotations

from headway.reporting.reporter import Reporter, default_reporter, task

__all__ = ["Reporter", "default_reporter", "task"]
