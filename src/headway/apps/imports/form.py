"""A form with a file in it, read as it comes: the file goes to a sink piece by piece, the fields are kept.

    form = await read_form(request, sink, limit=2**30)        form.fields["populationId"], form.file == "users.csv"

A raw body counts as the file itself, named by `?name=`. Nothing of a file is ever held in memory, whatever its size.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import parse_options_header

from headway.apps.interface import Request
from headway.codes import Code
from headway.errors import PeerError

__all__ = ["Form", "Sink", "read_form"]

_FIELD_BYTES: Final = 64 * 1024
"""All fields together: names and ids."""
_NAME: Final = 255
_OVERHEAD: Final = 256 * 1024
"""What a form is larger than its file: boundaries, headers and fields."""

_DIGITS: Final = 20
"""Of a length that is a number. Whatever a header says, what comes is counted too."""

Sink = Callable[[bytes], Awaitable[None]]


@dataclass(slots=True)
class Form:
    """What a form said."""

    file: str | None = None
    """The file's name, without any folder; None where there was no file."""
    fields: dict[str, str] = field(default_factory=dict)


async def read_form(request: Request, sink: Sink, *, limit: int) -> Form:
    """Read the form whose file is at most `limit` bytes. Raises `PeerError`."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and len(said) < _DIGITS and int(said) > limit + _OVERHEAD:
        raise _too_large(limit)  # before a byte of it is read
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"multipart/form-data":
        boundary = options.get(b"boundary")
        if not boundary:
            raise PeerError("the form says no boundary", code=Code.UNSUPPORTED_MEDIA)
        return await _multipart(request, sink, boundary, limit)
    if kind == b"application/x-www-form-urlencoded":
        raise PeerError("send the file as multipart/form-data, or as the body itself", code=Code.UNSUPPORTED_MEDIA)
    size = 0
    async for piece in request.body.chunks(limit + _OVERHEAD):
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        await sink(piece)
    return Form(_base(request.first("name") or "users.csv"))


async def _multipart(request: Request, sink: Sink, boundary: bytes, limit: int) -> Form:
    parts = _Parts()
    parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]  # their own narrower callbacks
    size = 0
    try:
        async for piece in request.body.chunks(limit + _OVERHEAD):
            parser.write(piece)
            for found in parts.take():
                size += len(found)
                if size > limit:
                    raise _too_large(limit)
                await sink(found)
        parser.finalize()
    except (MultipartParseError, FormParserError) as error:
        raise PeerError(f"the form cannot be read: {error}") from error
    if not parts.ended:
        raise PeerError("the form ends in the middle")
    return parts.form


class _Parts:
    """What a parser of a form finds."""

    def __init__(self) -> None:
        self.form = Form()
        self.ended = False
        self._file: list[bytes] = []
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = b"", b""
        self._field: str | None = None
        self._data: list[bytes] = []
        self._in_file = False
        self._kept = 0

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """As the parser wants them."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._part,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def take(self) -> list[bytes]:
        """Pieces of the file since the last call."""
        taken, self._file = self._file, []
        return taken

    def _begin(self) -> None:
        self._headers, self._name, self._value, self._data = {}, b"", b"", []
        self._field, self._in_file = None, False

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            if self.form.file is not None:
                raise PeerError("the form has more than one file")
            self.form.file = _base(options[b"filename"].decode("utf-8", "replace"))
            self._in_file = True
        else:
            self._field = name

    def _part(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if self._in_file:
            self._file.append(piece)
            return
        self._kept += len(piece)
        if self._kept > _FIELD_BYTES:
            raise PeerError(f"the fields of a form have at most {_FIELD_BYTES} bytes together", code=Code.TOO_LARGE)
        self._data.append(piece)

    def _end(self) -> None:
        if self._field is not None:
            self.form.fields[self._field] = b"".join(self._data).decode("utf-8", "replace")

    def _all(self) -> None:
        self.ended = True


def _too_large(limit: int) -> PeerError:
    most = f"{limit / 2**30:,.0f} GB" if limit >= 2**30 else f"{limit:,} bytes"
    message = f"the file is larger than {most}, which is the most; split it, header included"
    return PeerError(message, code=Code.TOO_LARGE, details={"limit": limit})


def _base(name: str) -> str:
    """The name itself: what stands before the last slash or backslash is somebody's folder."""
    base = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in base if character.isprintable())[:_NAME] or "users.csv"
