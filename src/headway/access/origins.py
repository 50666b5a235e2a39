"""Which web pages may talk to this server. Same origin by default, more by an allow-list, on every transport alike.

Browsers name the page in `Origin`; programs send none and are not pages. An opaque origin ("null": a sandboxed frame, a
local file) is never the same as anything.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

__all__ = ["allowed"]


def allowed(origin: str | None, host: str | None, allow_list: Collection[str]) -> bool:
    """Whether a request with this `Origin` and `Host` may go on. `*` in the list allows every page."""
    if origin is None or "*" in allow_list:
        return True
    if origin.lower().rstrip("/") in allow_list:
        return True
    try:
        page = urlsplit(origin).netloc
    except ValueError:  # brackets that are no address: nothing a browser says
        return False
    return host is not None and page.lower() == host.lower() != ""
