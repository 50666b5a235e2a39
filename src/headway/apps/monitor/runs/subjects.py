"""Applications as runs know them: of what people wrote, and of a file."""

from __future__ import annotations

from headway.apps.monitor.applications.model import Definition, definition_of
from headway.apps.monitor.applications.reading import read
from headway.apps.monitor.applications.seen import Seen, Unseen
from headway.apps.monitor.applications.store import Applications
from headway.apps.monitor.runs.model import Subject
from headway.errors import UsageError

__all__ = ["Known", "subject_of", "subjects_of_text"]


class Known:
    """The applications of the server. Implements `Directory`."""

    def __init__(self, applications: Applications, seen: Seen | None = None) -> None:
        """`seen` knows how each stands, for filters by status."""
        self._applications = applications
        self._seen = seen or Unseen()

    async def subjects(self) -> list[Subject]:
        """All of them, as they are now."""
        every = self._applications.all()
        seen = await self._seen.seen(every)
        return [
            subject_of(
                one, one.id, self._applications.numbers[one.id], str(seen.get(one.id, {}).get("status", "unknown"))
            )
            for one in every
        ]


def subject_of(definition: Definition, id: str, number: int, status: str = "unknown") -> Subject:
    """What a run has to know of it. `number` is its number in the tables."""
    return Subject(
        id,
        number,
        definition.name,
        definition.display_name or definition.name,
        definition.environment,
        definition.category or None,
        definition.tags,
        definition.priority,
        status,
        definition.is_active,
        definition.health_check,
        definition.login_test,
    )


def subjects_of_text(text: str | bytes) -> list[Subject]:
    """The applications of a file, in whichever format. Raises `UsageError` for the first that cannot be read: what is
    left out of a test would look as if it had passed."""
    found = read(text)
    for skipped in found.skipped:
        raise UsageError(f"{skipped.name}: {skipped.why}")
    subjects = list[Subject]()
    for number, entry in enumerate(found.entries, 1):
        try:
            definition = definition_of(entry.data)
        except UsageError as error:
            raise UsageError(f"{entry.name}: {error.message}") from error
        if any(one.name == definition.name for one in subjects):
            raise UsageError(f"{definition.name}: there are two of this name")
        subjects.append(subject_of(definition, definition.name, number))
    return subjects
