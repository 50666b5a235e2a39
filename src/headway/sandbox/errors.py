"""What a call is refused with: PingOne's error object, and where a refusal is nobody's fault but the rules'.

    {"id": "<uuid>", "code": "INVALID_DATA", "message": "…",
     "details": [{"code": "UNIQUENESS_VIOLATION", "target": "username", "message": "…", "innerError": {…}}]}

Class and codes are official; of the sentences those that are marked L in docs/reference/pingone-sandbox.md are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = [
    "Document",
    "Problem",
    "Refusal",
    "conflicting",
    "forbidden",
    "invalid",
    "invalid_parameter",
    "licence_exceeded",
    "malformed",
    "no_such_route",
    "no_such_thing",
    "not_allowed",
    "rate_limited",
    "too_large",
    "unauthorized",
    "unsupported_media",
]

Document = dict[str, Any]
"""A JSON object. Any: its values are what the caller sent, until they are checked."""

_NO_ACCESS: Final = "The request could not be completed. You do not have access to this resource."


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of `details`."""

    code: str
    target: str
    message: str
    inner: Mapping[str, object] = field(default_factory=dict)

    def document(self) -> Document:
        """As it goes over the wire; empty members are left out."""
        shown: Document = {"code": self.code}
        if self.target:
            shown["target"] = self.target
        shown["message"] = self.message
        if self.inner:
            shown["innerError"] = dict(self.inner)
        return shown


class Refusal(Exception):
    """A call that is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.headers = dict(headers or {})

    def document(self, id: str) -> Document:
        """The error object."""
        shown: Document = {"id": id, "code": self.code, "message": self.message}
        if self.details:
            shown["details"] = [problem.document() for problem in self.details]
        return shown


def invalid(problems: Sequence[Problem]) -> Refusal:
    """400: everything that is wrong with what was sent, at once."""
    message = "The request could not be completed. One or more validation errors were in the request."
    return Refusal(400, "INVALID_DATA", message, problems)


def malformed(reason: str) -> Refusal:
    """400: what was sent cannot be read."""
    return Refusal(400, "INVALID_REQUEST", f"The request could not be completed. {reason}")


def invalid_parameter(problem: Problem) -> Refusal:
    """400: a query parameter is wrong."""
    message = "The request could not be completed. The request was invalid."
    return Refusal(400, "INVALID_REQUEST", message, [problem])


def unauthorized() -> Refusal:
    """401: no token, or none that counts any more."""
    problem = Problem("INVALID_TOKEN", "", "Invalid token or token has expired.")
    return Refusal(401, "ACCESS_FAILED", _NO_ACCESS, [problem])


def forbidden(reason: str | None = None) -> Refusal:
    """403: an environment that is not there or not yours; with a reason, a permission that is missing."""
    details = [Problem("INSUFFICIENT_PERMISSIONS", "", reason)] if reason else []
    return Refusal(403, "ACCESS_FAILED", _NO_ACCESS, details)


def licence_exceeded(quota: int) -> Refusal:
    """403: the licence allows no more users."""
    problem = Problem(
        "LICENSE_EXCEEDED", "", "The number of users that the license allows is reached.", {"quotaLimit": quota}
    )
    return Refusal(403, "ACCESS_FAILED", _NO_ACCESS, [problem])


def no_such_thing() -> Refusal:
    """404: the id belongs to nothing."""
    return Refusal(404, "NOT_FOUND", "The requested resource was not found.")


def no_such_route() -> Refusal:
    """404: the path belongs to nothing."""
    return no_such_thing()


def not_allowed(allowed: Sequence[str]) -> Refusal:
    """405: the path is right, the method is not."""
    message = "The request could not be completed. The method is not allowed for this resource."
    return Refusal(405, "METHOD_NOT_ALLOWED", message, headers={"Allow": ", ".join(allowed)})


def conflicting(problem: Problem) -> Refusal:
    """400: the state does not allow it."""
    return Refusal(400, "REQUEST_FAILED", "The request could not be completed.", [problem])


def too_large(bytes: int) -> Refusal:
    """413: a body that nobody would send."""
    problem = Problem("SIZE_LIMIT_EXCEEDED", "", f"must not be larger than {bytes} bytes", {"maximumValue": bytes})
    return Refusal(413, "INVALID_REQUEST", "The request could not be completed. It is too large.", [problem])


def unsupported_media(sent: str) -> Refusal:
    """415: the path has no operation of that media type."""
    message = f"The request could not be completed. The media type {sent or '(none)'} is not supported here."
    return Refusal(415, "INVALID_REQUEST", message)


def rate_limited(quota: float, retry_after: str, at: str) -> Refusal:
    """429: too many calls; `retry_after` is the header in one of its forms, `at` the same as a time."""
    inner = {"quotaLimit": quota, "retryAfter": at}
    problem = Problem("LIMIT_EXCEEDED", "", "The request limit is exceeded. Try again later.", inner)
    message = "The request could not be completed. Too many requests were made."
    return Refusal(429, "REQUEST_LIMITED", message, [problem], {"Retry-After": retry_after})
