"""Badges: what they say fits, can be read, and is nothing but text."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.public.badges import COLOURS, Badge, drawn, width

SVG = "{http://www.w3.org/2000/svg}"


def texts(badge: Badge) -> list[str]:
    """What it says."""
    return [one.text or "" for one in ElementTree.fromstring(drawn(badge)).iter(f"{SVG}text")]


@given(st.text(max_size=80), st.text(min_size=1, max_size=80))
def test_any_text_is_one_of_an_image(label: str, message: str) -> None:
    """Whatever people write, it is well-formed, of bounded width, and brings no element of its own."""
    root = ElementTree.fromstring(drawn(Badge(label, message, "healthy")))

    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {"svg", "title", "clipPath", "rect", "g", "text"}
    assert 0 < int(root.attrib["width"]) < 1_500


def test_markup_is_said_and_not_done() -> None:
    """A label with elements and quotes in it."""
    badge = Badge('<script>alert("1")</script>', "a & b", "error")

    assert texts(badge) == ['<script>alert("1")</script>', "a & b"]
    assert b"<script" not in drawn(badge)


def test_a_badge_is_as_wide_as_what_it_says() -> None:
    """The parts stand side by side, each with its text and a margin."""
    root = ElementTree.fromstring(drawn(Badge("uptime 24h", "99.95%", "healthy")))
    message = list(root.iter(f"{SVG}rect"))[-1]

    assert int(message.attrib["x"]) == round(width("uptime 24h")) + 12
    assert int(message.attrib["width"]) == round(width("99.95%")) + 12
    assert int(root.attrib["width"]) == int(message.attrib["x"]) + int(message.attrib["width"])
    assert root.attrib["aria-label"] == "uptime 24h: 99.95%"


@pytest.mark.parametrize(("text", "pixels"), [("iiii", 12.4), ("WWWW", 43.6), ("漢字", 22), ("e\u0301", 6.8), ("", 0)])
def test_widths_are_those_of_letters(text: str, pixels: float) -> None:
    """Narrow, wide, full-width and none."""
    assert width(text) == pytest.approx(pixels)


@pytest.mark.parametrize("colour", [*COLOURS.values(), "#444b54"])
def test_white_on_it_can_be_read(colour: str) -> None:
    """With a contrast of 4.5 at least (WCAG 2.2, 1.4.3), on whatever page it stands."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)

    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5


def test_what_turns_text_around_is_left_out() -> None:
    """So that a label cannot make the message say the opposite; nor is a long one shown whole."""
    assert texts(Badge("a\u202eb\x00c\nd", "x" * 200, "error")) == ["a b c d", "x" * 59 + "…"]
