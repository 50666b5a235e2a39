"""Worker applications and their tokens.

    POST {auth}/{environment of the application}/as/token     grant_type=client_credentials
    200  {"access_token": "…", "token_type": "Bearer", "expires_in": 3600}
    401  {"error": "invalid_client", "error_description": "Request denied: … (Correlation ID: <uuid>)"}

An application proves itself the one way its `tokenEndpointAuthMethod` says. Its token counts in every environment; what
it may do there follows from its role. A token looks like a JWT, and is nothing a client can read: it is signed with
HS256 where PingOne's are with RS256.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from headway.sandbox.hal import compact
from headway.sandbox.identifiers import Identifiers

__all__ = ["Application", "Credentials", "Denied", "Method", "Role", "Tokens", "proof_of"]


class Method(Enum):
    """How an application proves itself: `tokenEndpointAuthMethod`."""

    BASIC = "CLIENT_SECRET_BASIC"
    """In the `Authorization` header."""
    POST = "CLIENT_SECRET_POST"
    """In the body."""


class Role(Enum):
    """What an application may do."""

    ADMIN = "Identity Data Admin"
    """Read and write users and populations."""
    READER = "Identity Data Read Only"
    """Read."""


@dataclass(frozen=True, slots=True)
class Application:
    """One worker application."""

    name: str
    environment: str
    client_id: str
    secret: str = field(repr=False)
    method: Method = Method.BASIC
    role: Role = Role.ADMIN


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs to get a token."""

    environment: str
    """Where the application lives: part of the token's address."""
    client_id: str
    client_secret: str = field(repr=False)
    method: str = Method.BASIC.value


class Denied(Exception):
    """No token, with the OAuth error and its sentence."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Proof:
    """How a client says who it is."""

    method: Method
    client_id: str
    secret: str = field(repr=False)


def proof_of(authorization: str, form: Mapping[str, str]) -> Proof | None:
    """The proof in a request for a token, or None."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            return None
        client_id, _, secret = pair.partition(":")
        return Proof(Method.BASIC, unquote_plus(client_id), unquote_plus(secret))
    if "client_id" in form and "client_secret" in form:
        return Proof(Method.POST, form["client_id"], form["client_secret"])
    return None


class Tokens:
    """Gives tokens to applications, and knows them again."""

    def __init__(self, seed: int, applications: tuple[Application, ...], seconds: float) -> None:
        self._applications = {application.client_id: application for application in applications}
        self._seconds = seconds
        self._ids = Identifiers(seed, "tokens")
        self._key = self._ids.secret().encode()
        self._given: dict[str, tuple[Application, float]] = {}
        self.issued = 0

    def issue(self, environment: str, authorization: str, body: bytes, now: float, passed: float) -> dict[str, object]:
        """A token for who proves to be an application of the environment. Raises `Denied`."""
        form = _form(body)
        if form.get("grant_type") != "client_credentials":
            raise Denied(400, "unsupported_grant_type", "Request denied: Unsupported grant type")
        proof = proof_of(authorization, form)
        if proof is None:
            raise Denied(401, "invalid_client", "Request denied: No client credentials in the request")
        application = self._applications.get(proof.client_id)
        if application is None or application.environment != environment:
            raise Denied(401, "invalid_client", "Request denied: Invalid client credentials")
        if proof.method is not application.method:
            raise Denied(401, "invalid_client", "Request denied: Unsupported authentication method")
        if not hmac.compare_digest(application.secret.encode(), proof.secret.encode(errors="surrogatepass")):
            raise Denied(401, "invalid_client", "Request denied: Invalid client credentials")
        # Here, so that a thousand tokens of a second each do not stay for ever.
        self._given = {token: one for token, one in self._given.items() if one[1] > passed}
        token = self._made(application, now)
        self._given[token] = (application, passed + self._seconds)
        self.issued += 1
        return {"access_token": token, "token_type": "Bearer", "expires_in": max(1, int(self._seconds))}

    def owner(self, authorization: str, passed: float) -> Application | None:
        """Who calls with this header, or None."""
        if authorization[:7].lower() != "bearer ":
            return None
        given = self._given.get(authorization[7:].strip())
        return given[0] if given is not None and given[1] > passed else None

    def _made(self, application: Application, now: float) -> str:
        claims = {
            "client_id": application.client_id,
            "iss": f"headway-sandbox/{application.environment}/as",
            "jti": self._ids.next(),
            "iat": int(now),
            "exp": int(now + self._seconds),
            "aud": ["https://api.pingone.com"],
            "env": application.environment,
        }
        signed = f"{_encoded(compact(_HEADER))}.{_encoded(compact(claims))}"
        return f"{signed}.{_encoded(hmac.digest(self._key, signed.encode(), hashlib.sha256))}"


_HEADER: Final = {"alg": "HS256", "typ": "JWT"}


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _form(body: bytes) -> dict[str, str]:
    try:
        # A token request has two to four fields.
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=16))
    except ValueError:
        raise Denied(400, "invalid_request", "Request denied: The form cannot be read") from None
