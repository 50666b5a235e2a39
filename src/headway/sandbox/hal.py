"""JSON as PingOne writes it: indented, with a space on both sides of the colon.

{
  "_embedded" : {
    "users" : [ {
      "username" : "ada"
    } ]
  },
  "size" : 1
}
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import msgspec

__all__ = ["compact", "pretty"]

_encode: Final = msgspec.json.Encoder().encode


def compact(document: Any) -> bytes:  # Any: a JSON value
    """The document on one line."""
    return _encode(document)


def pretty(document: Any) -> bytes:  # Any: a JSON value
    """The document as PingOne shows it."""
    out: list[str] = []
    _write(document, "", out)
    return "".join(out).encode()


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    return f"{_encode(name).decode()} : "


def _write(value: Any, indent: str, out: list[str]) -> None:  # Any: a JSON value
    match value:
        case {} if isinstance(value, dict) and value:
            deeper, separator = f"{indent}  ", "{\n"
            for name, member in value.items():
                out += (separator, deeper, _key(name))
                _write(member, deeper, out)
                separator = ",\n"
            out += ("\n", indent, "}")
        case {}:
            out.append("{ }")
        case [_, *_]:
            separator = "[ "
            for member in value:
                out.append(separator)
                _write(member, indent, out)
                separator = ", "
            out.append(" ]")
        case []:
            out.append("[ ]")
        case _:
            out.append(_encode(value).decode())
