"""How people name an element of a page.

#user, css=#user          CSS, the default          //button, xpath=//button     XPath, where it begins with / or (
id=user   name=user       an attribute              text=Sign in                 what can be pressed with this text,
class=field               a class                                                or else the smallest with it
label=Password            a field by its label      link=Help, linkText=Help     a link by its whole text
                                                    partialLinkText=He           a link by a part of it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from selenium.webdriver.common.by import By

__all__ = ["Locator", "locator"]


@dataclass(frozen=True, slots=True)
class Locator:
    """An element as the driver wants it named, and as its author did."""

    by: str
    value: str
    text: str

    def __str__(self) -> str:
        return self.text


def locator(text: str) -> Locator:
    """Read what somebody wrote. Raises `ValueError` with a sentence."""
    text = text.strip()
    prefix, equals, rest = text.partition("=")
    read = _PREFIXES.get(prefix) if equals else None
    if read is not None:
        if not rest.strip():
            raise ValueError(f'the locator "{text}" names nothing; write something after "{prefix}="')
        return Locator(*read(rest.strip()), text)
    if not text:
        raise ValueError("a locator is empty; write for example #user, //button or text=Sign in")
    return Locator(By.XPATH if text.startswith(("/", "(")) else By.CSS_SELECTOR, text, text)


def _as(by: str) -> Callable[[str], tuple[str, str]]:
    return lambda value: (by, value)


def _by_text(value: str) -> tuple[str, str]:
    has = f"[contains(normalize-space(.), {_quoted(' '.join(value.split()))})]"
    pressed = f"//*[{_PRESSED}]{has} | //input[@type='submit' or @type='button']{has.replace('(.)', '(@value)')}"
    # What can be pressed comes first: a page that says "Sign in" in its heading has a button that says it too.
    anything = f"//body//*{has}[not(self::script or self::style)][not(./*{has})][not({pressed})]"
    return By.XPATH, f"{pressed} | {anything}"


def _by_label(value: str) -> tuple[str, str]:
    quoted = _quoted(" ".join(value.split()))
    label = f"//label[contains(normalize-space(.), {quoted})]"
    fields = "self::input or self::select or self::textarea"
    return By.XPATH, (
        f"//*[{fields}][@id = {label}/@for] | {label}//*[{fields}] "
        f"| //*[{fields}][contains(@aria-label, {quoted}) or contains(@placeholder, {quoted})]"
    )


def _quoted(text: str) -> str:
    """A text within XPath 1.0, which has no way to escape a quote."""
    if '"' not in text:
        return f'"{text}"'
    if "'" not in text:
        return f"'{text}'"
    return "concat(" + ", '\"', ".join(f'"{part}"' for part in text.split('"')) + ")"


_PRESSED: Final = "self::button or self::a or self::summary or @role='button' or @role='link' or @role='tab'"

_PREFIXES: Final[Mapping[str, Callable[[str], tuple[str, str]]]] = {
    "css": _as(By.CSS_SELECTOR),
    "xpath": _as(By.XPATH),
    "id": _as(By.ID),
    "name": _as(By.NAME),
    "class": _as(By.CLASS_NAME),
    "link": _as(By.LINK_TEXT),
    "linkText": _as(By.LINK_TEXT),
    "partialLinkText": _as(By.PARTIAL_LINK_TEXT),
    "text": _by_text,
    "label": _by_label,
}
