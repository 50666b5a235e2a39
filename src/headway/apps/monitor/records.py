"""What the monitor remembers beside events: the tables, and nothing else. Statements are where they are used; the
revisions that make the tables are in `migrations/`.

    applications       what is watched                       samples      one row a look, kept for days
    rollups            hours and days of samples             transitions  each change of an application's status
    incidents          from error to healthy                 results      one row a run, application and kind of test
    settings           names and JSON values                 alerts       what was sent, and is to be sent

Times are seconds since 1970. A credential is in none of them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Integer, LargeBinary, MetaData, String, Table, Text

__all__ = [
    "ALERTS",
    "APPLICATIONS",
    "DATA",
    "INCIDENTS",
    "RESULTS",
    "ROLLUPS",
    "SAMPLES",
    "SCREENSHOTS",
    "SETTINGS",
    "TRANSITIONS",
]

DATA: Final = MetaData()

APPLICATIONS: Final = Table(
    "monitor_applications",
    DATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False, unique=True),
    Column("environment", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("managed_by", String, nullable=False),
    # The whole of it, as on the wire.
    Column("definition", JSON, nullable=False),
    # What a restart must not forget: status, since when, streaks, last outcome, certificate, last beat, next look.
    Column("standing", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    # A number that was removed is nobody's again: figures are kept by it.
    sqlite_autoincrement=True,
)

SAMPLES: Final = Table(
    "monitor_samples",
    DATA,
    # An application's number, so that a year of minutes stays small.
    Column("application", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, primary_key=True),
    # 0 healthy, 1 warning, 2 error, 3 unknown, 4 maintenance.
    Column("status", Integer, nullable=False),
    Column("milliseconds", Float),
    Column("code", String),
    Column("message", String),
    # dns, connect, tls, first byte, total: where they were measured.
    Column("timings", JSON),
    # Seconds for which this sample speaks: until the next one, at most some intervals.
    Column("seconds", Float, nullable=False),
    sqlite_with_rowid=False,
)

ROLLUPS: Final = Table(
    "monitor_rollups",
    DATA,
    Column("application", Integer, primary_key=True, autoincrement=False),
    # 3600 or 86400.
    Column("span", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("up", Float, nullable=False),
    Column("down", Float, nullable=False),
    Column("unknown", Float, nullable=False),
    Column("maintenance", Float, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("sum_milliseconds", Float, nullable=False),
    Column("max_milliseconds", Float),
    # A mergeable histogram of response times, so that percentiles of a month need no raw samples.
    Column("histogram", LargeBinary),
    sqlite_with_rowid=False,
)

TRANSITIONS: Final = Table(
    "monitor_transitions",
    DATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("application", Integer, nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("before", String),
    Column("after", String, nullable=False),
    Column("reason", String),
)

INCIDENTS: Final = Table(
    "monitor_incidents",
    DATA,
    Column("id", String, primary_key=True),
    Column("application", Integer, nullable=False, index=True),
    Column("began", Float, nullable=False),
    Column("ended", Float, index=True),
    Column("code", String),
    Column("message", String),
    Column("failures", Integer, nullable=False),
    # When people were told last, and how often.
    Column("told_at", Float),
    Column("told", Integer, nullable=False),
    Column("acknowledged_by", String),
)

RESULTS: Final = Table(
    "monitor_results",
    DATA,
    Column("run", String, primary_key=True),
    Column("application", Integer, primary_key=True, autoincrement=False),
    # health_check or login_test.
    Column("kind", String, primary_key=True),
    # passed, failed, skipped, timeout.
    Column("status", String, nullable=False),
    Column("code", String),
    Column("message", Text),
    Column("began", Float, nullable=False),
    Column("milliseconds", Float),
    # Every attempt: status, code, message, milliseconds.
    Column("attempts", JSON, nullable=False),
    # Steps, timings, certificate, screenshot's name.
    Column("detail", JSON),
)

SCREENSHOTS: Final = Table(
    "monitor_screenshots",
    DATA,
    Column("name", String, primary_key=True),
    Column("application", Integer, nullable=False, index=True),
    Column("run", String),
    Column("at", Float, nullable=False),
    Column("bytes", Integer, nullable=False),
)

SETTINGS: Final = Table(
    "monitor_settings",
    DATA,
    Column("name", String, primary_key=True),
    Column("value", JSON, nullable=False),
    Column("updated_at", Float, nullable=False),
)

ALERTS: Final = Table(
    "monitor_alerts",
    DATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    # What makes it one: an incident and began, ended or again.
    Column("key", String, nullable=False, unique=True),
    Column("application", Integer),
    Column("incident", String),
    Column("kind", String, nullable=False),
    Column("title", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("made_at", Float, nullable=False),
    # Not before: quiet hours, a digest.
    Column("due_at", Float, nullable=False),
    Column("sent_at", Float, index=True),
    Column("tries", Integer, nullable=False),
    Column("error", String),
)
