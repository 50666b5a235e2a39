"""A page of HTML without a browser: its forms, its elements, and what can be read. Pure.

Selectors are compound ones alone, `form#login.wide[method=post]`, without blanks, `>`, `:` or `*`. Whether an element
can be seen is for a browser to say; here `hidden` and `style="display:none"` on the element itself count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

__all__ = ["Element", "Form", "Markup", "Selector", "parsed", "selector"]

_ELEMENTS_MOST: Final = 50_000
"""Of one page. A megabyte of HTML has fewer."""
_SILENT: Final = frozenset({"script", "style", "template", "noscript", "head", "title"})
_BLOCKS: Final = frozenset({"p", "div", "br", "li", "tr", "td", "h1", "h2", "h3", "h4", "form", "label", "section"})
_NEVER_SENT: Final = frozenset({"button", "reset", "file"})
_PRESSED: Final = frozenset({"submit", "image"})
_TICKED: Final = frozenset({"checkbox", "radio"})
_COMPOUND: Final = re.compile(r"(?P<tag>[a-zA-Z][\w-]*)?(?P<rest>(?:[#.][\w-]+|\[[^\[\]]+\])*)")
_PART: Final = re.compile(r"#(?P<id>[\w-]+)|\.(?P<kind>[\w-]+)|\[(?P<name>[\w-]+)(?:=(?P<value>[^\]]*))?\]")


@dataclass(frozen=True, slots=True)
class Element:
    """One element."""

    tag: str
    attributes: Mapping[str, str]

    @property
    def hidden(self) -> bool:
        """Whether it says itself that it is not to be seen."""
        style = self.attributes.get("style", "").replace(" ", "").lower()
        kind = self.attributes.get("type", "").lower()
        return "hidden" in self.attributes or "display:none" in style or (self.tag == "input" and kind == "hidden")


@dataclass(slots=True)
class Form:
    """A form with its fields in their order."""

    action: str
    method: str
    fields: list[Element] = field(default_factory=list)

    @property
    def password(self) -> Element | None:
        """Its first password field."""
        return next((one for one in self.fields if _kind(one) == "password"), None)

    def username(self) -> Element | None:
        """The field for the name: the last one for a line of text before the password."""
        found = None
        for one in self.fields:
            if _kind(one) == "password":
                break
            if _kind(one) in {"text", "email", "tel", ""} and one.tag == "input":
                found = one
        return found

    def values(self) -> dict[str, str]:
        """What a browser would send if nobody touched it, the first button included."""
        sent: dict[str, str] = {}
        button = False
        for one in self.fields:
            name, kind = one.attributes.get("name", ""), _kind(one)
            if not name or "disabled" in one.attributes or kind in _NEVER_SENT:
                continue
            if kind in _PRESSED:
                if button:
                    continue
                button = True
            if kind in _TICKED and "checked" not in one.attributes:
                continue
            sent[name] = one.attributes.get("value", "on" if kind in _TICKED else "")
        return sent


@dataclass(frozen=True, slots=True)
class Markup:
    """What was found on a page."""

    elements: tuple[Element, ...]
    forms: tuple[Form, ...]
    text: str
    base: str = ""
    """The address that relative ones are relative to, where the page names one."""

    def shows(self, wanted: Selector) -> bool:
        """Whether an element that this selector means is there, and not hidden."""
        return any(wanted.means(element) and not element.hidden for element in self.elements)

    @property
    def asks(self) -> bool:
        """Whether there is a password field."""
        return any(_kind(element) == "password" and not element.hidden for element in self.elements)


@dataclass(frozen=True, slots=True)
class Selector:
    """A compound selector."""

    tag: str
    attributes: tuple[tuple[str, str | None], ...]
    classes: frozenset[str]

    def means(self, element: Element) -> bool:
        """Whether it fits the element."""
        has = element.attributes
        return (
            self.tag in {"", element.tag}
            and self.classes <= set(has.get("class", "").split())
            and all(name in has and value in {None, has[name]} for name, value in self.attributes)
        )


def selector(text: str) -> Selector:
    """Read a selector. Raises `ValueError` with a sentence where it needs a browser."""
    plain = text.strip().removeprefix("css=")
    if plain.startswith(("id=", "name=", "class=")):
        name, _, value = plain.partition("=")
        return Selector("", ((name, value),), frozenset()) if name != "class" else Selector("", (), frozenset({value}))
    found = _COMPOUND.fullmatch(plain)
    if not plain or found is None:
        raise ValueError(
            f'without a browser, the selector "{text}" is not understood; write one like div#id.class[name]'
        )
    attributes: list[tuple[str, str | None]] = []
    classes: set[str] = set()
    for part in _PART.finditer(found["rest"]):
        if part["id"]:
            attributes.append(("id", part["id"]))
        elif part["kind"]:
            classes.add(part["kind"])
        else:
            attributes.append((part["name"].lower(), part["value"] and part["value"].strip("\"'")))
    return Selector((found["tag"] or "").lower(), tuple(attributes), frozenset(classes))


def parsed(text: str) -> Markup:
    """Read a page. Never fails: HTML has no errors, only surprises."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    lines = ("".join(reader.text)).splitlines()
    read = "\n".join(filter(None, (" ".join(line.split()) for line in lines)))
    return Markup(tuple(reader.elements), tuple(reader.forms), read, reader.base)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self.text: list[str] = []
        self.base = ""
        self._form: Form | None = None
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len(self.elements) >= _ELEMENTS_MOST:
            return
        # The first of two attributes of one name counts, as in browsers.
        element = Element(tag, {name: value or "" for name, value in reversed(attrs)})
        self.elements.append(element)
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag == "body":
            self._silent.clear()
        if tag in _BLOCKS:
            self.text.append("\n")
        if tag == "base" and not self.base:
            self.base = element.attributes.get("href", "")
        elif tag == "form" and self._form is None:
            has = element.attributes
            self._form = Form(has.get("action", ""), has.get("method", "get").strip().lower())
            self.forms.append(self._form)
        elif tag in {"input", "select", "textarea", "button"} and self._form is not None:
            self._form.fields.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent.pop() != tag:
                pass
        if tag == "form":
            self._form = None
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


def _kind(element: Element) -> str:
    if element.tag == "button":
        return element.attributes.get("type", "submit").lower()
    return element.attributes.get("type", "").lower()
