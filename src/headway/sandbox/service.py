"""One call in, one reply out: the gates every call goes through, in their order, and which operation it is for.

    its fate        cut, 429 or 5xx before anything is done               faults.py
    the rate        429 with Retry-After                                  bucket.py
    the token       401                                                   access.py
    new permissions 403 for the first seconds, if the faults say so
    environment     403: an id that is wrong is not told from one that is not yours
    path            404
    method          405
    permission      403 for a reader that writes
    the operation   users.py, populations.py

Times come in; nothing here waits, and nothing opens a socket.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from math import ceil
from types import MappingProxyType
from typing import Final

from headway.sandbox import environments, populations, users
from headway.sandbox.access import Denied, Role, Tokens
from headway.sandbox.bucket import Bucket
from headway.sandbox.calls import Call, Reply
from headway.sandbox.errors import (
    Refusal,
    forbidden,
    no_such_route,
    not_allowed,
    rate_limited,
    unauthorized,
    unsupported_media,
)
from headway.sandbox.faults import Dice, Ending, Fate, Faults
from headway.sandbox.hal import compact, pretty
from headway.sandbox.identifiers import Identifiers, spelled_time
from headway.sandbox.options import Options
from headway.sandbox.pages import Cursors
from headway.sandbox.tenant import tenant_of
from headway.sandbox.visit import Visit

__all__ = ["Moment", "Service"]

_FORM: Final = "application/x-www-form-urlencoded"
_PLAIN: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Moment:
    """When a call comes."""

    now: float
    """Seconds since 1970."""
    passed: float
    """Seconds on a clock that never goes back."""


class Service:
    """A PingOne without its sockets. `origin` is where it is found, such as http://127.0.0.1:4100."""

    def __init__(self, options: Options, began: Moment) -> None:
        self.options = options
        self.origin = ""
        self._correlations = Identifiers(options.seed, "correlations")
        self.reset(began)

    def reset(self, at: Moment) -> None:
        """As on the first day: the same environments, nobody in them, and every token forgotten."""
        options = self.options
        self.tenant = tenant_of(options, spelled_time(at.now))
        self.tokens = Tokens(options.seed, self.tenant.applications, options.token_seconds)
        self.replies: Counter[str] = Counter()
        self._made = Identifiers(options.seed, "users")
        self._cursors = Cursors(options.seed)
        burst = options.burst or max(1.0, options.rate)
        self._bucket = Bucket(options.rate, burst, burst, at.passed)
        self._turns = 0
        self.set_faults(options.faults, at)

    def set_faults(self, faults: Faults, at: Moment) -> None:
        """From now on these; the dice begin anew."""
        self.dice = Dice(self.options.seed, faults, at.passed)

    def answer(self, call: Call, fate: Fate, at: Moment) -> Reply:
        """The reply to a call of this fate."""
        correlation = self._correlations.next()
        reply = Reply(0, cut=True) if fate.ending is Ending.VANISHED else self._decided(call, fate, at, correlation)
        if fate.ending is Ending.LATE:
            reply = self._broken(fate.status, at, correlation)
        reply.cut = reply.cut or fate.ending is Ending.DROPPED
        reply.headers["correlation-id"] = reply.headers["x-amzn-requestid"] = correlation
        self.replies["cut" if reply.cut else str(reply.status)] += 1
        return reply

    def refused(self, call: Call, refusal: Refusal) -> Reply:
        """The reply to a call that cannot be made out."""
        correlation = self._correlations.next()
        reply = self._error(call, refusal, correlation)
        reply.headers["correlation-id"] = reply.headers["x-amzn-requestid"] = correlation
        self.replies[str(reply.status)] += 1
        return reply

    def _decided(self, call: Call, fate: Fate, at: Moment, correlation: str) -> Reply:
        try:
            if fate.ending is Ending.ERROR:
                return self._broken(fate.status, at, correlation)
            if fate.ending is Ending.LIMITED:
                raise self._limited(1.0, at)
            if call.path.startswith("/v1/"):
                return self._operation(call, at)
            return self._token(call, at, correlation)
        except Refusal as refusal:
            return self._error(call, refusal, correlation)

    def _operation(self, call: Call, at: Moment) -> Reply:
        wait = self._bucket.take(at.passed)
        if wait:
            raise self._limited(wait, at)
        application = self.tokens.owner(call.authorization, at.passed)
        if application is None:
            raise unauthorized()
        faults = self.dice.faults
        if faults.forbidden and at.passed < self.dice.began + faults.forbidden:
            raise forbidden("The actor attempting to perform the request is not authorized.")
        _, _, area, *rest = call.path.split("/")
        if area != "environments" or not rest:
            raise no_such_route()
        environment = self.tenant.environments.get(rest[0].lower())
        if environment is None:
            raise forbidden()
        base = f"{self.origin}/v1/environments/{environment.id}"
        operations = _OPERATIONS.get(_shape(rest[1:]))
        if operations is None:
            raise no_such_route()
        operation = operations.get(call.method)
        if operation is None:
            raise not_allowed(sorted(operations))
        if application.role is Role.READER and call.method != "GET":
            raise forbidden("The actor attempting to perform the request is not authorized.")
        visit = Visit(
            *(call, environment, base, tuple(rest[2:3]), spelled_time(at.now), at.passed),
            *(self.options, faults, self._made, self._cursors, self.tenant.attributes),
        )
        return operation(visit)

    def _token(self, call: Call, at: Moment, correlation: str) -> Reply:
        match call.path.split("/"):
            case ["", environment, "as", "token"] if environment.lower() in self.tenant.environments:
                if call.method != "POST":
                    raise not_allowed(["POST"])
                if call.media != _FORM:
                    raise unsupported_media(call.media)
            case _:
                raise no_such_route()
        try:
            given = self.tokens.issue(environment.lower(), call.authorization, call.body, at.now, at.passed)
            return Reply(200, compact(given), _PLAIN)
        except Denied as denied:
            description = f"{denied.description} (Correlation ID: {correlation})"
            return Reply(denied.status, compact({"error": denied.error, "error_description": description}), _PLAIN)

    def _limited(self, wait: float, at: Moment) -> Refusal:
        """429, with `Retry-After` in the form that has its turn."""
        seconds = max(1, ceil(wait))
        form = self.dice.faults.retry_after
        if form == "both":
            self._turns += 1
            form = "seconds" if self._turns % 2 else "date"
        until = at.now + seconds
        # A date has whole seconds: the next one, or who waits until then comes too early.
        header = str(seconds) if form == "seconds" else formatdate(ceil(until), usegmt=True)
        return rate_limited(self.options.rate, header, spelled_time(until))

    def _broken(self, status: int, at: Moment, correlation: str) -> Reply:
        """A 5xx: of PingOne itself, or of what stands before it."""
        if status == 500:
            refusal = Refusal(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Try again later.")
            return Reply(500, pretty(refusal.document(correlation)), _PLAIN)
        message = "Bad Gateway" if status == 502 else "Service Unavailable"
        reply = Reply(status, compact({"message": message}), _PLAIN)
        if status == 503:
            reply.headers["Retry-After"] = "1"
        return reply

    def _error(self, call: Call, refusal: Refusal, correlation: str) -> Reply:
        document = refusal.document(correlation)
        body = pretty(document) if call.method == "GET" else compact(document)
        return Reply(refusal.status, body, _PLAIN, dict(refusal.headers))


def _shape(segments: list[str]) -> str:
    """A path below an environment with its ids left out: `users/*/enabled`."""
    match segments:
        case [name]:
            return name
        case [name, id] if id:
            return f"{name}/*"
        case [name, id, part] if id:
            return f"{name}/*/{part}"
        case [] | [""]:
            return ""
        case _:
            return "/"


def _action(visit: Visit) -> Reply:
    """`POST /users/{id}`: none of the account actions is there, so no media type is the right one."""
    visit.user  # noqa: B018  # 404 comes first
    raise unsupported_media(visit.call.media)


_OPERATIONS: Final[Mapping[str, Mapping[str, Callable[[Visit], Reply]]]] = MappingProxyType(
    {
        "": {"GET": environments.read},
        "totalIdentities": {"GET": environments.count},
        "schemas": {"GET": environments.schemas},
        "schemas/*": {"GET": environments.schema},
        "schemas/*/attributes": {"GET": environments.attributes},
        "populations": {"GET": populations.search, "POST": populations.create},
        "populations/*": {"GET": populations.read, "PUT": populations.replace, "DELETE": populations.delete},
        "users": {"GET": users.search, "POST": users.create},
        "users/*": {
            "GET": users.read,
            "POST": _action,
            "PUT": users.replace,
            "PATCH": users.patch,
            "DELETE": users.delete,
        },
        "users/*/enabled": {"GET": users.read_enabled, "PUT": users.set_enabled},
        "users/*/population": {"GET": users.read_population, "PUT": users.set_population},
        "users/*/password": {"GET": users.read_password, "PUT": users.set_password},
    }
)
"""What there is below an environment, by path and method."""
