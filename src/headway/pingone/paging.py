"""Collections, page by page (HAL):

    {"_links": {"next": {"href": …}}, "_embedded": {"users": […]}, "count": 412, "size": 100}

`next` is followed exactly as given, with the same token; therefore only to the address that was asked in the first
place. A collection may change while it is read, pages may be short, and `count` may be missing. A list that comes round
again, or never ends, is an error and no list.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Final, TypeVar

import msgspec
from yarl import URL

from headway.pingone.errors import PingOneError, Refusal, Verdict
from headway.pingone.exchange import Asked, Exchange
from headway.pingone.records import Link, Page

__all__ = ["pages"]

_PAGES: Final = 200_000
"""Pages of one list: forty million users at 200 a page, more than any licence."""
_EMPTY_PAGES: Final = 100
"""Pages without an entry in a row. Filters may leave a page empty; so many of them are a list without end."""

T = TypeVar("T")


class _Links(msgspec.Struct, frozen=True):
    next: Link | None = None


class _Frame(msgspec.Struct, frozen=True):
    links: _Links = msgspec.field(name="_links", default_factory=_Links)
    embedded: dict[str, list[msgspec.Raw]] = msgspec.field(name="_embedded", default_factory=dict)
    count: int | None = None


_DECODER: Final = msgspec.json.Decoder(_Frame)


async def pages(
    exchange: Exchange, first: URL, name: str, entry: Callable[[msgspec.Raw], T]
) -> AsyncGenerator[Page[T], None]:
    """The pages of a collection whose entries stand under `name`. Raises `PingOneError`. Cancel freely."""

    def read(content: bytes) -> tuple[Page[T], Link | None]:
        frame = _DECODER.decode(content)
        entries = tuple(entry(raw) for raw in frame.embedded.get(name, []))
        return Page(entries, frame.count), frame.links.next

    url: URL | None = first
    seen: set[int] = set()
    empty = 0
    while url is not None:
        # By their hashes: the addresses of 200,000 pages would be a hundred megabytes.
        if hash(str(url)) in seen or len(seen) >= _PAGES:
            raise _astray(
                "the list comes round to a page that was read already"
                if len(seen) < _PAGES
                else "the list does not end"
            )
        seen.add(hash(str(url)))
        (page, link), _, correlation_id = await exchange.send(Asked("GET", url), read)
        empty = 0 if page.entries else empty + 1
        if empty >= _EMPTY_PAGES:
            raise _astray("the list goes on without entries", correlation_id)
        yield page
        url = None if link is None else _within(first, link.href, correlation_id)


def _within(first: URL, href: str, correlation_id: str) -> URL:
    """The next address as it was given. Raises `PingOneError` if it is on another host."""
    try:
        # Encoded already: its cursor must come back byte by byte.
        url = URL(href, encoded=True)
        same = url.absolute and url.origin() == first.origin() and url.user is None and url.password is None
    except ValueError:
        same = False
    if not same:
        raise _astray("the list goes on at another host, which is not followed", correlation_id)
    return url


def _astray(reason: str, correlation_id: str = "") -> PingOneError:
    return PingOneError(f"PingOne was listed in part: {reason}", Verdict.STOP, Refusal(correlation_id=correlation_id))
