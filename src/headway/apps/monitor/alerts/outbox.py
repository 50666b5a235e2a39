"""The outbox: what is to be sent, derived from what happened. Statements, as functions of a connection.

    key    <recipient>:incident/<id>/began · ended · again/<n>    <recipient>:uptime/<application>/<since>/began · ended
           <recipient>:transition/<number>                        <recipient>:certificate/<application>/<end>/<days>

The law:
1. What is derived and the mark that it was derived (`told` of an incident, the cursor over transitions) are written in
   one transaction: a crash tells nothing twice and forgets nothing.
2. The end of something is told to whom its beginning was told.
3. A row is sent when `sent_at` is set, and given up when `tries` is below zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, or_, select, update

from headway.apps.monitor.alerts import rules as law
from headway.apps.monitor.alerts.messages import Words, words_of
from headway.apps.monitor.alerts.rules import Kind, Recipient, Rules, Subject
from headway.apps.monitor.records import ALERTS, INCIDENTS, SETTINGS, TRANSITIONS

__all__ = ["Outgoing", "derive", "forget", "history", "made", "make", "news", "pending", "tried"]

_RECENT: Final = 86_400.0
"""Seconds for which the end of something is still news."""
_CURSOR: Final = "alerts_cursor"
_MOST: Final = 1_000
"""Transitions of one go."""
_KEPT: Final = 400 * 86_400.0
"""Seconds an alert is kept: more than a year, so that a reminder of a certificate is not made a second time."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One alert to one recipient, not yet sent."""

    number: int
    recipient: str
    key: str
    """Without the recipient."""
    kind: Kind
    words: Words
    made_at: float
    due_at: float
    tries: int
    error: str | None

    @property
    def held(self) -> bool:
        """Whether it waited, and so comes together with others."""
        return self.due_at > self.made_at


def news(connection: Connection, now: float) -> bool:
    """Whether there may be something to derive: a look that is cheap where nothing is wrong."""
    lasting = or_(INCIDENTS.c.ended.is_(None), INCIDENTS.c.ended > now - _RECENT)
    if connection.execute(select(INCIDENTS.c.id).where(lasting).limit(1)).first() is not None:
        return True
    cursor = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.name == _CURSOR)).scalar()
    newer = select(TRANSITIONS.c.number).where(TRANSITIONS.c.number > (cursor or 0)).limit(1)
    return cursor is None or connection.execute(newer).first() is not None


def derive(connection: Connection, rules: Rules, subjects: Mapping[int, Subject], now: float) -> int:
    """Make alerts of everything that happened since the last time. Answers how many."""
    return _incidents(connection, rules, subjects, now) + _transitions(connection, rules, subjects, now)


def make(
    connection: Connection,
    rules: Rules,
    recipients: Sequence[Recipient],
    subject: Subject,
    kind: Kind,
    key: str,
    words: Words,
    now: float,
    incident: str | None = None,
) -> int:
    """One alert to each of them, where that is not made yet. Answers how many are new."""
    new = 0
    for recipient in recipients:
        full = f"{recipient.id}:{key}"
        if connection.execute(select(ALERTS.c.number).where(ALERTS.c.key == full)).first() is not None:
            continue
        gathering = _gathering(connection, recipient.id, now) if rules.digest_minutes else []
        values = {
            "key": full,
            "application": subject.number,
            "incident": incident,
            "kind": str(kind),
            "title": words.title,
            "body": words.body,
            "made_at": now,
            "due_at": law.due_at(rules, subject, gathering, now),
            "tries": 0,
        }
        connection.execute(insert(ALERTS).values(values))
        new += 1
    return new


def made(connection: Connection, recipients: Sequence[Recipient], key: str) -> list[Recipient]:
    """Those of them for whom an alert was made."""
    keys = {f"{one.id}:{key}": one for one in recipients}
    found = connection.execute(select(ALERTS.c.key).where(ALERTS.c.key.in_(keys)))
    return [keys[row.key] for row in found]


def pending(connection: Connection) -> list[Outgoing]:
    """Everything that is not sent and not given up, oldest first."""
    wanted = select(ALERTS).where(ALERTS.c.sent_at.is_(None), ALERTS.c.tries >= 0).order_by(ALERTS.c.number)
    return [_outgoing(row) for row in connection.execute(wanted).mappings()]


def tried(
    connection: Connection, numbers: Sequence[int], now: float, error: str | None = None, *, final: bool = False
) -> None:
    """Note what came of an attempt; `final`: there will be no other."""
    values: dict[str, Any] = {"tries": ALERTS.c.tries + 1, "error": error}  # Any: of each column its own
    if final:
        values["tries"] = -(ALERTS.c.tries + 1)
    if error is None:
        values["sent_at"] = now
    connection.execute(update(ALERTS).where(ALERTS.c.number.in_(numbers)).values(values))


def history(connection: Connection, limit: int, before: int | None, application: int | None) -> Sequence[RowMapping]:
    """Alerts, newest first."""
    wanted: Select[Any] = select(ALERTS).order_by(ALERTS.c.number.desc()).limit(limit)  # Any: a row of them
    if before is not None:
        wanted = wanted.where(ALERTS.c.number < before)
    if application is not None:
        wanted = wanted.where(ALERTS.c.application == application)
    return connection.execute(wanted).mappings().all()


def forget(connection: Connection, now: float) -> None:
    """Let go of what is long past."""
    connection.execute(delete(ALERTS).where(ALERTS.c.made_at < now - _KEPT))


def _outgoing(row: RowMapping) -> Outgoing:
    recipient, _, key = row["key"].partition(":")
    words = Words(row["title"], row["body"])
    kind = Kind(row["kind"])
    return Outgoing(
        row["number"], recipient, key, kind, words, row["made_at"], row["due_at"], row["tries"], row["error"]
    )


def _gathering(connection: Connection, recipient: str, now: float) -> list[float]:
    wanted = select(ALERTS.c.due_at).where(
        ALERTS.c.sent_at.is_(None), ALERTS.c.due_at > now, ALERTS.c.key.startswith(f"{recipient}:", autoescape=True)
    )
    return list(connection.execute(wanted.distinct()).scalars())


# Incidents.


def _incidents(connection: Connection, rules: Rules, subjects: Mapping[int, Subject], now: float) -> int:
    news = or_(INCIDENTS.c.ended.is_(None), INCIDENTS.c.ended > now - _RECENT)
    new = 0
    for row in connection.execute(select(INCIDENTS).where(news).order_by(INCIDENTS.c.began)).mappings().all():
        subject = subjects.get(row["application"])
        if subject is None:
            continue
        if row["told"] == 0:
            new += _begun(connection, rules, subject, row, now) if subject.active else 0
        elif row["ended"] is None:
            new += _lasting(connection, rules, subject, row, now)
        if row["ended"] is not None:
            new += _over(connection, rules, subject, row, now)
    return new


def _begun(connection: Connection, rules: Rules, subject: Subject, row: RowMapping, now: float) -> int:
    words = words_of(Kind.BEGAN, subject.display_name, row["began"], row["message"] or row["code"] or "")
    key = f"incident/{row['id']}/began"
    recipients = law.told(rules, subject, Kind.BEGAN)
    new = make(connection, rules, recipients, subject, Kind.BEGAN, key, words, now, row["id"])
    _mark(connection, row, now)
    return new


def _lasting(connection: Connection, rules: Rules, subject: Subject, row: RowMapping, now: float) -> int:
    if row["acknowledged_by"] is not None or subject.maintenance_until is not None:
        return 0
    if not law.too_long(rules, row["told_at"] or row["began"], now):
        return 0
    words = words_of(Kind.AGAIN, subject.display_name, now, row["message"] or "", since=row["began"])
    key = f"incident/{row['id']}/again/{row['told']}"
    recipients = made(connection, law.told(rules, subject, Kind.AGAIN), f"incident/{row['id']}/began")
    new = make(connection, rules, recipients, subject, Kind.AGAIN, key, words, now, row["id"])
    _mark(connection, row, now)
    return new


def _over(connection: Connection, rules: Rules, subject: Subject, row: RowMapping, now: float) -> int:
    words = words_of(Kind.ENDED, subject.display_name, row["ended"], since=row["began"])
    if not subject.active:
        words = Words(f"{subject.display_name} is not watched any more", words.body)
    recipients = made(connection, law.told(rules, subject, Kind.ENDED), f"incident/{row['id']}/began")
    key = f"incident/{row['id']}/ended"
    return make(connection, rules, recipients, subject, Kind.ENDED, key, words, now, row["id"])


def _mark(connection: Connection, row: RowMapping, now: float) -> None:
    values = {"told": INCIDENTS.c.told + 1, "told_at": now}
    connection.execute(update(INCIDENTS).where(INCIDENTS.c.id == row["id"]).values(values))


# Transitions.


def _transitions(connection: Connection, rules: Rules, subjects: Mapping[int, Subject], now: float) -> int:
    cursor = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.name == _CURSOR)).scalar()
    if cursor is None:
        # What happened before anybody could be told is no news.
        last = connection.execute(select(func.max(TRANSITIONS.c.number))).scalar() or 0
        connection.execute(insert(SETTINGS).values(name=_CURSOR, value=last, updated_at=now))
        return 0
    wanted = select(TRANSITIONS).where(TRANSITIONS.c.number > cursor).order_by(TRANSITIONS.c.number).limit(_MOST)
    rows = connection.execute(wanted).mappings().all()
    new = sum(_changed(connection, rules, subjects.get(row["application"]), row, now) for row in rows)
    if rows:
        moved = {"value": rows[-1]["number"], "updated_at": now}
        connection.execute(update(SETTINGS).where(SETTINGS.c.name == _CURSOR).values(moved))
    return new


def _changed(connection: Connection, rules: Rules, subject: Subject | None, row: RowMapping, now: float) -> int:
    before, after = row["before"], row["after"]
    if subject is None or now - row["at"] > _RECENT or "error" in (before, after):
        return 0  # an error is an incident, and told as one
    kind = Kind.WARNING if after == "warning" else Kind.CHANGED
    if (before, after) == ("warning", "healthy"):
        kind = Kind.RECOVERED
    text = (row["reason"] or "") if kind is Kind.WARNING else f"{before or 'new'} → {after}"
    words = words_of(kind, subject.display_name, row["at"], text)
    recipients = law.told(rules, subject, kind)
    return make(connection, rules, recipients, subject, kind, f"transition/{row['number']}", words, now)
