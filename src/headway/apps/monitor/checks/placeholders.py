"""Secrets stand in a configuration as placeholders only, and are put in at the last moment:

    ${env:API_TOKEN}        an environment variable of this server
    ${file:/run/secrets/x}  the text of a file on this server, without its last line break

Which of them may be read is for the resolver to say, that is handed in. `$${` stands for a plain `${`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from headway.errors import UsageError

__all__ = ["Filled", "Resolver", "fill", "masked", "names_of", "sensitive"]

Resolver = Callable[[str, str], str]
"""`resolver("env", "API_TOKEN")` gives the secret. Raises `LookupError` with a sentence where there is none."""

_PLACEHOLDER: Final = re.compile(r"\$\$\{|\$\{(?P<kind>env|file):(?P<name>[^{}\s]+)\}|(?P<bad>\$\{[^}]*\}?)")
_SENSITIVE: Final = re.compile(r"authorization|cookie|token|secret|password|api[-_]?key|credential", re.IGNORECASE)
MASK: Final = "•••"


def names_of(text: str) -> list[tuple[str, str]]:
    """What a text asks for, by kind and name. Raises `UsageError` for a placeholder nobody can fill."""
    found = []
    for match in _PLACEHOLDER.finditer(text):
        if match["bad"]:
            raise UsageError(f"{match['bad']!r} is no placeholder; write ${{env:NAME}} or ${{file:/path}}")
        if match["kind"]:
            found.append((match["kind"], match["name"]))
    return found


def sensitive(header: str) -> bool:
    """Whether a header's value is a secret by its name."""
    return _SENSITIVE.search(header) is not None


class Filled:
    """Headers with their secrets in them. Not a value: nothing shall keep or print it."""

    __slots__ = ("headers", "keyed", "secrets")

    def __init__(self, headers: dict[str, str], keyed: frozenset[str], secrets: tuple[str, ...]) -> None:
        self.headers = headers
        self.keyed = keyed
        """The headers, in lower case, that carry a secret: they stay at the origin they were written for."""
        self.secrets = secrets

    def __repr__(self) -> str:
        return f"Filled({', '.join(self.headers)})"


def fill(headers: Mapping[str, str], resolve: Resolver) -> Filled:
    """Headers as they are sent. Raises `LookupError` for a secret that is not there or cannot be a header."""
    secrets: list[str] = []

    def secret(match: re.Match[str]) -> str:
        if match["kind"] is None:
            return "${"
        found = resolve(match["kind"], match["name"]).rstrip("\r\n")
        if not found or not found.isprintable():
            raise LookupError(f"{match['kind']}:{match['name']} is empty or holds what no header can")
        secrets.append(found)
        return found

    filled, keyed = {}, set()
    for name, value in headers.items():
        before = len(secrets)
        filled[name] = _PLACEHOLDER.sub(secret, value)
        if len(secrets) > before or sensitive(name):
            keyed.add(name.lower())
    return Filled(filled, frozenset(keyed), tuple(secrets))


def masked(text: str, secrets: tuple[str, ...]) -> str:
    """A text in which no secret stands, even where an application sent it back."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
