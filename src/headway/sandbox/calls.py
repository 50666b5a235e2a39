"""One call and its reply, without a socket; and how a body is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from headway.sandbox.errors import Document, malformed, unsupported_media
from headway.sandbox.hal import compact, pretty

__all__ = ["Call", "Reply", "answer", "document_of", "media_of"]


@dataclass(frozen=True, slots=True)
class Call:
    """What a client asks."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    authorization: str = ""
    media: str = ""
    """Media type of the body, in lower case and without parameters."""
    body: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Reply:
    """What it is told."""

    status: int
    body: bytes = b""
    media: str = "application/hal+json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Nothing is told: the connection is cut."""


def answer(call: Call, document: Document, status: int = 200) -> Reply:
    """A reply with a document; only who looks at it gets it indented, so that writing many users is not slowed down."""
    return Reply(status, pretty(document) if call.method == "GET" else compact(document))


def media_of(header: str) -> str:
    """The media type of a `Content-Type`."""
    return header.partition(";")[0].strip().lower()


def document_of(call: Call, *media: str) -> Document:
    """The JSON object in the body. Raises `Refusal`."""
    if call.media not in media:
        raise unsupported_media(call.media)
    try:
        document = msgspec.json.decode(call.body)
    except (ValueError, RecursionError):
        # ValueError: also what is no UTF-8. Not told where: the body holds passwords.
        raise malformed("The request body is not valid JSON.") from None
    if not isinstance(document, dict):
        raise malformed("The request body is not a JSON object.")
    return document
