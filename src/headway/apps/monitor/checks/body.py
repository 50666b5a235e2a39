"""A body of bounded size, decoded as it comes: a gigabyte of zeros is a megabyte of gzip, and here it is what fits."""

from __future__ import annotations

import zlib
from typing import Final

__all__ = ["Body"]

_EITHER: Final = 32 + zlib.MAX_WBITS
"""zlib: a gzip or a zlib header, whichever stands there."""
_GZIP: Final = b"\x1f\x8b"


class Body:
    """What is kept of a body. `content` holds at most `limit`."""

    def __init__(self, limit: int, encoding: str = "") -> None:
        self._limit = limit
        self._kept = bytearray()
        self._encoding = encoding.strip().lower()
        self._inflate = zlib.decompressobj(_EITHER) if self._encoding in ("gzip", "x-gzip", "deflate") else None
        self._first = True
        self.full = False
        """No more is kept; there may have been more."""
        self.cut = False
        """There was more than is kept."""
        self.readable = self._inflate is not None or self._encoding in ("", "identity")
        """Whether `content` is what was meant, and not some encoding of it."""

    @property
    def content(self) -> bytes:
        """What was kept."""
        return bytes(self._kept)

    def feed(self, data: bytes) -> None:
        """The next piece. What exceeds the limit is dropped."""
        if self._inflate is None:
            self._keep(data)
            return
        try:
            self._inflated(data)
        except zlib.error:
            self.readable, self.full = False, True

    def _inflated(self, data: bytes) -> None:
        assert self._inflate is not None
        if self._first and self._encoding == "deflate" and data[0] & 0x0F != 8:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # many send it bare
        self._first = False
        while data and not self.full:
            if self._inflate.eof:
                if not data.startswith(_GZIP):
                    return  # padding
                self._inflate = zlib.decompressobj(_EITHER)  # a gzip file may have several members
            # One byte more than fits: so it is seen that there was more.
            self._keep(self._inflate.decompress(data, self._limit - len(self._kept) + 1))
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail

    def _keep(self, data: bytes) -> None:
        room = self._limit - len(self._kept)
        self._kept += data[:room]
        if len(data) > room:
            self.full = self.cut = True

    def close(self, *, complete: bool) -> None:
        """No more comes; `complete` says whether the other side was done."""
        self.cut = self.cut or not complete
