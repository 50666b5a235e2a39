"""A badge as SVG: a label and a message side by side, as shields.io draws them. Pure.

Both sides bring their background, and white on it reads with a contrast of 4.5 and more: so it is the same on a light
page and on a dark one. Widths are those of Verdana, which DejaVu Sans shares; where neither is there, `textLength` fits
the letters in.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

__all__ = ["COLOURS", "Badge", "drawn", "width"]

COLOURS: Final = {
    "healthy": "#1a7f37",
    "warning": "#9a6700",
    "error": "#c2242c",
    "maintenance": "#0a60c9",
    "unknown": "#626a73",
}
_LABEL: Final = "#444b54"
_HEIGHT: Final = 20
_PADDING: Final = 6
_MOST: Final = 60
"""Characters of one side."""
# Of the characters from space to tilde, in tenths of a pixel at 11 pixels.
_TENTHS: Final = (
    35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 37, 37, 92,
    92, 92, 58, 110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95, 82, 87, 66, 87, 76, 70, 67, 81, 75, 109, 75,
    67, 75, 43, 37, 43, 92, 55, 55, 67, 70, 60, 70, 68, 39, 70, 70, 31, 31, 64, 31, 107, 70, 67, 70, 70, 45, 57, 43, 70,
    65, 90, 65, 65, 58, 70, 37, 70, 92,
)  # fmt: skip
_WIDE: Final = 110
_OTHER: Final = 70


@dataclass(frozen=True, slots=True)
class Badge:
    """What one says."""

    label: str
    message: str
    status: str
    """A word of `COLOURS`."""

    @property
    def colour(self) -> str:
        """Behind the message."""
        return COLOURS.get(self.status, COLOURS["unknown"])


def width(text: str) -> float:
    """Pixels of a text at 11 pixels."""
    return sum(map(_tenths, text)) / 10


def drawn(badge: Badge) -> bytes:
    """The badge."""
    label, message = _shown(badge.label), _shown(badge.message)
    left = round(width(label)) + 2 * _PADDING if label else 0
    right = round(width(message)) + 2 * _PADDING
    said = f"{label}: {message}" if label else message
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
        f"aria-label={quoteattr(said)}>",
        f"<title>{escape(said)}</title>",
        f'<clipPath id="r"><rect width="{left + right}" height="{_HEIGHT}" rx="3"/></clipPath>',
        # The label's colour lies under all of it, so that no light falls through where the two meet.
        f'<g clip-path="url(#r)"><rect width="{left + right}" height="{_HEIGHT}" fill="{_LABEL}"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{badge.colour}"/></g>',
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">',
        *([_text(label, _PADDING)] if label else []),
        _text(message, left + _PADDING),
        "</g></svg>",
    ]
    return "\n".join(lines).encode()


def _text(text: str, x: int) -> str:
    return f'<text x="{x}" y="14" textLength="{round(width(text))}">{escape(text)}</text>'


def _shown(text: str) -> str:
    """What can stand in XML, on one line, of bounded length."""
    plain = " ".join("".join(one if _sayable(one) else " " for one in text).split())
    return plain if len(plain) <= _MOST else plain[: _MOST - 1] + "…"


def _sayable(character: str) -> bool:
    # Not: control characters, halves, what is reserved, and what turns the direction of the text around it.
    return unicodedata.category(character) not in ("Cc", "Cs", "Cn", "Co") and character not in _TURNING


_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def _tenths(character: str) -> int:
    if " " <= character <= "~":
        return _TENTHS[ord(character) - 32]
    if unicodedata.combining(character):
        return 0
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else _OTHER
