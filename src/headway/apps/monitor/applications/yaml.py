"""Our own format: a list of applications, each as `model` has it.

    applications:
    - name: user-service
      environment: production
      healthCheck:
        url: https://user-service.example/health

What has its default is left out when it is written, and has it again when it is read: a text that was written here is
read to the same applications. Comments are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from headway.apps.monitor.applications.documents import dumped
from headway.apps.monitor.applications.model import Definition
from headway.apps.monitor.applications.planning import Entry, Imported, Skipped
from headway.errors import UsageError

__all__ = ["exported", "imported", "sparse"]

Json = Any  # any JSON value

_HEAD: Final = "# Applications of Headway's monitor. The format: docs/reference/monitor-applications.md\n"


def imported(document: Json) -> Imported:
    """The applications of a document. Raises `UsageError` where it is none of ours."""
    entries = document.get("applications") if isinstance(document, dict) else document
    if isinstance(document, dict) and (unknown := sorted(set(document) - {"applications", "version"})):
        raise UsageError(f"{unknown[0]!r} is not known here; a file has `applications`, a list")
    if not isinstance(entries, list):
        raise UsageError("there are no applications in it; write `applications:` and a list")
    found = Imported("headway")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            found.skipped.append(Skipped(f"number {number}", "it is no mapping of names to values"))
        elif not (name := entry.get("name") or entry.get("displayName")):
            found.skipped.append(Skipped(f"number {number}", "it has no name"))
        else:
            found.entries.append(Entry(str(name), entry))
    return found


def exported(definitions: Iterable[Definition]) -> str:
    """Applications as a text that `imported` reads."""
    return _HEAD + dumped({"applications": [sparse(one) for one in definitions]})


def sparse(value: Json) -> Json:
    """A value as it goes over the wire, without what has its default."""
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field is not None else {}
        fields = msgspec.structs.fields(value)
        return tag | {
            field.encode_name: sparse(getattr(value, field.name))
            for field in fields
            if field.required or getattr(value, field.name) != _default(field)
        }
    if isinstance(value, tuple | list):
        return [sparse(one) for one in value]
    return msgspec.to_builtins(value)


def _default(field: msgspec.structs.FieldInfo) -> Json:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
