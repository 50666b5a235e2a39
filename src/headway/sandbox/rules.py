"""What a user may look like. Pure: a document in; what it says, and everything that is wrong with it, out.

    import    all attributes, with a password, the state of the account and how it is verified
    create    the same without a password; an email can only be unverified
    replace   attributes; whatever is left out is cleared
    patch     attributes; null clears, whatever is left out stays

A document with several mistakes gets them all. [L] An empty text is a mistake, not an absence. Of what only the
environment knows (populations, names that are taken) this file knows nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from headway.sandbox.errors import Document, Problem
from headway.sandbox.hal import compact
from headway.sandbox.identifiers import is_uuid
from headway.sandbox.passwords import PasswordPolicy, PasswordStatus, check_password
from headway.sandbox.schema import ALLOWED, ATTRIBUTES, READ_ONLY, Attribute, Text

__all__ = ["PROFILE_BYTES", "Checked", "Operation", "check_size", "check_user", "merged"]

PROFILE_BYTES: Final = 16 * 1024
"""What all attributes of one user may take as JSON; PingOne's own bound."""
_NO_MORE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories that `schema.ALLOWED` leaves out."""
_REQUIRED: Final = tuple(name for name, attribute in ATTRIBUTES.items() if attribute.required)
_STATUSES: Final = ("ACCOUNT_OK", "VERIFICATION_REQUIRED")


class Operation(Enum):
    """What is done with a document."""

    IMPORT = "import"
    CREATE = "create"
    REPLACE = "replace"
    PATCH = "patch"


@dataclass(slots=True)
class Checked:
    """What a document says. It counts only where `problems` is empty."""

    attributes: Document = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)
    """Names that a patch set to null."""
    population: str | None = None
    enabled: bool = True
    lifecycle: str = "ACCOUNT_OK"
    provider: str | None = None
    password: PasswordStatus = PasswordStatus.NONE
    problems: list[Problem] = field(default_factory=list)


def check_user(document: Document, operation: Operation, policy: PasswordPolicy, *, email_required: bool) -> Checked:
    """Read a user, and find everything that is wrong with it."""
    checked = Checked()
    creates = operation in (Operation.IMPORT, Operation.CREATE)
    for name, value in document.items():
        attribute = ATTRIBUTES.get(name)
        if attribute is not None:
            _take(checked, attribute, value, operation)
        elif creates and name in _SETTINGS:
            _SETTINGS[name](checked, value, operation, policy)
        elif name not in READ_ONLY:
            checked.problems.append(Problem("INVALID_VALUE", name, "is not an attribute of the schema"))
    _require(checked, document, operation, email_required)
    return checked


def check_size(attributes: Mapping[str, object]) -> list[Problem]:
    """What is wrong with the size of all attributes together."""
    if len(compact(attributes)) <= PROFILE_BYTES:
        return []
    message = f"must not take more than {PROFILE_BYTES} bytes in all"
    return [Problem("SIZE_LIMIT_EXCEEDED", "", message, {"maximumValue": PROFILE_BYTES})]


def merged(before: Document, checked: Checked) -> Document:
    """The attributes after a patch: what is complex is merged part by part. [L]"""
    after = dict(before)
    for name, value in checked.attributes.items():
        if ATTRIBUTES[name].type == "COMPLEX":
            parts = {**before.get(name, {}), **value}
            value = {part: one for part, one in parts.items() if one is not None}
            if not value:
                after.pop(name, None)
                continue
        after[name] = value
    for name in checked.cleared:
        after.pop(name, None)
    return after


def _take(checked: Checked, attribute: Attribute, value: Any, operation: Operation) -> None:  # Any: a JSON value
    if value is None:
        if operation is Operation.PATCH:
            checked.cleared.append(attribute.name)
        return
    patched = operation is Operation.PATCH
    before = len(checked.problems)
    _check_value(attribute, value, attribute.name, checked.problems, patched)
    if operation is Operation.CREATE and attribute.name == "emailVerified" and value is True:
        checked.problems.append(Problem("INVALID_VALUE", "emailVerified", "can only be false when a user is created"))
    if len(checked.problems) == before:
        if attribute.parts and not patched:
            value = {name: one for name, one in value.items() if one is not None}
            if not value:
                return
        checked.attributes[attribute.name] = value


def _require(checked: Checked, document: Document, operation: Operation, email_required: bool) -> None:
    """What must be there, is: in a patch nothing must, but nothing required can be cleared."""
    creates = operation in (Operation.IMPORT, Operation.CREATE)
    needs_email = creates and (email_required or checked.lifecycle == "VERIFICATION_REQUIRED")
    for name in (*_REQUIRED, "email") if needs_email else _REQUIRED:
        missing = name in checked.cleared if operation is Operation.PATCH else document.get(name) is None
        if missing:
            checked.problems.append(Problem("REQUIRED_VALUE", name, "is required"))


def _check_value(
    attribute: Attribute,
    value: Any,  # Any: a JSON value
    target: str,
    problems: list[Problem],
    nullable: bool = False,
) -> None:
    match attribute.type:
        case "BOOLEAN":
            _check_boolean(value, target, problems)
        case "JSON":
            if not isinstance(value, dict | list):
                problems.append(Problem("INVALID_VALUE", target, "must be a JSON object or array"))
        case "COMPLEX":
            _check_parts(attribute, value, target, problems)
        case _ if attribute.many and isinstance(value, list):
            for number, one in enumerate(value):
                _check_text(attribute.text, one, f"{target}[{number}]", problems)
        case _:
            _check_text(attribute.text, value, target, problems)


def _check_parts(attribute: Attribute, value: object, target: str, problems: list[Problem]) -> None:
    if not isinstance(value, dict):
        problems.append(Problem("INVALID_VALUE", target, "must be an object"))
        return
    for name, one in value.items():
        part = attribute.parts.get(name)
        if part is None:
            problems.append(Problem("INVALID_VALUE", f"{target}.{name}", "is not an attribute of the schema"))
        elif one is not None:
            _check_text(part.text, one, f"{target}.{name}", problems)


def _check_text(text: Text, value: object, target: str, problems: list[Problem]) -> None:
    if not isinstance(value, str):
        problems.append(Problem("INVALID_VALUE", target, "must be a string"))
    elif not value:
        problems.append(Problem("EMPTY_VALUE", target, "must not be empty"))
    elif len(value) > text.most:
        size = {"rangeMinimumValue": 1, "rangeMaximumValue": text.most}
        problems.append(Problem("OUT_OF_RANGE", target, f"size must be between 1 and {text.most}", size))
    elif not _is_allowed(value):
        message = "has characters that are not allowed"
        problems.append(Problem("INVALID_VALUE", target, message, {"allowedPattern": ALLOWED}))
    elif text.pattern is not None and text.pattern.fullmatch(value) is None:
        inner = {"allowedPattern": text.shown} if text.shown else {}
        problems.append(Problem("INVALID_VALUE", target, text.wrong, inner))


def _is_allowed(value: str) -> bool:
    # Whatever can be printed is allowed; of the rest only spaces are, such as the one that does not break.
    return value.isprintable() or not any(unicodedata.category(character) in _NO_MORE for character in value)


def _check_boolean(value: object, target: str, problems: list[Problem]) -> bool:
    if isinstance(value, bool):
        return True
    problems.append(Problem("INVALID_VALUE", target, "must be true or false"))
    return False


def _set_enabled(
    checked: Checked, value: Any, operation: Operation, policy: PasswordPolicy
) -> None:  # Any: a JSON value
    if value is not None and _check_boolean(value, "enabled", checked.problems):
        checked.enabled = value


def _set_population(checked: Checked, value: object, operation: Operation, policy: PasswordPolicy) -> None:
    if value is not None:
        checked.population = _reference(value, "population", checked.problems)


def _set_provider(checked: Checked, value: object, operation: Operation, policy: PasswordPolicy) -> None:
    if isinstance(value, dict) and value.get("type") == "PING_ONE" and "id" not in value:
        return
    if value is not None:
        checked.provider = _reference(value, "identityProvider", checked.problems)


def _set_lifecycle(checked: Checked, value: object, operation: Operation, policy: PasswordPolicy) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        checked.problems.append(Problem("INVALID_VALUE", "lifecycle", "must be an object"))
        return
    status = value.get("status", "ACCOUNT_OK")
    if status in _STATUSES:
        checked.lifecycle = status
    else:
        inner = {"allowedValues": list(_STATUSES)}
        message = f"must be one of {', '.join(_STATUSES)}"
        checked.problems.append(Problem("INVALID_VALUE", "lifecycle.status", message, inner))
    if value.get("suppressVerificationCode") is not None:
        _check_boolean(value["suppressVerificationCode"], "lifecycle.suppressVerificationCode", checked.problems)


def _set_password(checked: Checked, value: object, operation: Operation, policy: PasswordPolicy) -> None:
    if value is None:
        return
    if operation is not Operation.IMPORT:
        message = f"can be given only with {IMPORT_MEDIA}"
        checked.problems.append(Problem("INVALID_VALUE", "password", message))
    elif not isinstance(value, dict) or value.get("value") is None:
        checked.problems.append(Problem("REQUIRED_VALUE", "password.value", "is required"))
    else:
        checked.problems += check_password(value["value"], policy)
        change = value.get("forceChange")
        if change is not None:
            _check_boolean(change, "password.forceChange", checked.problems)
        checked.password = PasswordStatus.MUST_CHANGE if change is True else PasswordStatus.OK


def _reference(value: object, target: str, problems: list[Problem]) -> str | None:
    """The id in `{"id": "<uuid>"}`."""
    if not isinstance(value, dict) or value.get("id") is None:
        problems.append(Problem("REQUIRED_VALUE", f"{target}.id", "is required"))
    elif not is_uuid(value["id"]):
        problems.append(Problem("INVALID_VALUE", f"{target}.id", "must be a UUID"))
    else:
        return str(value["id"]).lower()
    return None


IMPORT_MEDIA: Final = "application/vnd.pingidentity.user.import+json"
_SETTINGS: Final = {
    "enabled": _set_enabled,
    "population": _set_population,
    "identityProvider": _set_provider,
    "lifecycle": _set_lifecycle,
    "password": _set_password,
}
"""What a document says beside attributes, when it creates a user."""
