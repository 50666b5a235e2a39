"""YAML, read within bounds: a text in, JSON values out. No tag makes an object, no alias a bomb, no depth a crash.

Plain scalars are read by the core schema of YAML 1.2, with JSON's numbers: `22:00`, `on`, `no` and `2026-01-01` are
texts, as people mean them; in YAML 1.1 they are a number, two truths and a date. Anchors, aliases and merges (`<<`) are
read, and counted as often as they are used. Whatever `dumped` writes, `document` reads the same.

A refusal names the line, and quotes nothing of the text: it may hold what nobody is to see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from headway.errors import UsageError

__all__ = ["BYTES", "document", "dumped"]

Json = Any  # any JSON value

BYTES: Final = 1024 * 1024
"""Of a text: some two thousand applications."""
_DEEP: Final = 100
"""Levels. People write ten; what a check expects may have 64."""
_VALUES: Final = 200_000
"""Values in all, aliases counted as often as they are used."""
# Those of libyaml are ten times as fast. Not every build of PyYAML has them.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_PLAIN_TAGS: Final = ("tag:yaml.org,2002:str", "!")
# Each is less than what PyYAML takes for one when it writes, so that it quotes whatever would be read as one here.
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FRACTION: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,30}([eE][-+][0-9]{1,2})?")
_WORDS: Final[dict[str, Json]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_MERGE: Final = object()


def document(text: str | bytes) -> Json:
    """What a text holds. Raises `UsageError`, naming the line. Takes a second for the largest: call it in a thread."""
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(raw) > BYTES:
        raise UsageError(f"the YAML is larger than {BYTES // 1024} KB")
    try:
        source = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("the YAML is not UTF-8") from error
    try:
        return _Builder().built(yaml.parse(source, Loader=_LOADER))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark is not None else ""
        raise UsageError(f"{line}this is no YAML: {getattr(error, 'problem', None) or 'it cannot be read'}") from None


def dumped(value: Json) -> str:
    """A value as YAML, as people would write it. As slow as `document`."""
    written: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )
    return written


class _Dumper(_DUMPER):  # type: ignore[misc,valid-type]  # libyaml's where it is there, and both are the same
    """Writes what is used twice twice."""

    def ignore_aliases(self, data: Json) -> bool:
        """Whether there is no alias for it: always."""
        return True


class _Open:
    """A list or mapping that is being read."""

    __slots__ = ("anchor", "before", "key", "merged", "value")

    def __init__(self, value: list[Json] | dict[str, Json], anchor: str | None, before: int) -> None:
        self.value = value
        self.anchor = anchor
        self.before = before
        """Values there were before it."""
        self.key: Json = None
        self.merged: list[Json] = []


class _Builder:
    """Makes values of events, without recursion: nobody's depth is our stack."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._count = 0
        self._root: Json = None
        self._documents = 0

    def built(self, events: Iterator[Event]) -> Json:
        """The one document of these events."""
        for event in events:
            try:
                self._take(event)
            except UsageError as error:
                line = event.start_mark.line + 1 if event.start_mark is not None else 1
                raise UsageError(f"line {line}: {error.message}") from None
        return self._root

    def _take(self, event: Event) -> None:
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise UsageError("there is one document in a file, and here a second one begins")
            case MappingStartEvent() | SequenceStartEvent():
                _untagged(event)
                if len(self._stack) >= _DEEP:
                    raise UsageError(f"this is more than {_DEEP} levels deep")
                self._counted(1)
                self._stack.append(_Open({} if isinstance(event, MappingStartEvent) else [], event.anchor, self._count))
            case MappingEndEvent() | SequenceEndEvent():
                self._closed(self._stack.pop())
            case ScalarEvent():
                self._counted(1)
                value = self._scalar(event)
                if event.anchor:
                    self._anchors[event.anchor] = value, 1
                self._put(value)
            case AliasEvent():
                if event.anchor not in self._anchors:
                    raise UsageError("this alias stands for nothing that ended above it")
                value, size = self._anchors[event.anchor]
                self._counted(size)
                self._put(value)

    def _counted(self, size: int) -> None:
        self._count += size
        if self._count > _VALUES:
            raise UsageError(f"these are more than {_VALUES} values, aliases counted as often as they are used")

    def _closed(self, ended: _Open) -> None:
        value = ended.value
        for other in ended.merged:
            assert isinstance(value, dict)  # only a mapping merges
            for key, inner in other.items():
                value.setdefault(key, inner)
        if ended.anchor:
            self._anchors[ended.anchor] = value, self._count - ended.before + 1
        self._put(value)

    def _put(self, value: Json) -> None:
        if not self._stack:
            self._root = value
            return
        top = self._stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is None:
            top.key = value if value is _MERGE else _key(value)
            if top.key in top.value:
                raise UsageError(f"{top.key!r} stands here twice")
        else:
            key, top.key = top.key, None
            if key is _MERGE:
                top.merged.extend(_mergeable(value))
            else:
                top.value[key] = value

    def _scalar(self, event: ScalarEvent) -> Json:
        text: str = event.value
        _untagged(event)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise UsageError("this text holds half a character")
        if not event.implicit[0]:
            return text
        top = self._stack[-1] if self._stack else None
        if text == "<<" and top is not None and isinstance(top.value, dict) and top.key is None:
            return _MERGE
        return _plain(text)


def _plain(text: str) -> Json:
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text):
        return float(text)
    return text


def _key(value: Json) -> str:
    if isinstance(value, dict | list) or value is None:
        raise UsageError("a name is a word here, and no list, mapping or nothing")
    # `200: …` and `true: …` name a member, as in JSON.
    return value if isinstance(value, str) else str(value).lower()


def _mergeable(value: Json) -> list[Json]:
    wanted = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in wanted):
        raise UsageError("<< merges a mapping, or a list of them")
    return wanted


def _untagged(event: Event) -> None:
    tag = getattr(event, "tag", None)
    if tag is not None and tag not in _PLAIN_TAGS:
        raise UsageError(f"the tag {str(tag)[:60]!r} is not read; write plain values")
