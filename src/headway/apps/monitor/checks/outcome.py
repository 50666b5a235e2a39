"""What came of one check: a frozen value that holds no secret, no body and no header.

    status    healthy · warning · error · unknown          unknown: this server could not ask; counts for nobody
    code      the code of the seed's clients: TIMEOUT, NETWORK_ERROR, VALIDATION_FAILED
    reason    what exactly it was, one word of `Reason`    message: the same as a sentence, with the figures

Times are milliseconds. The phases of `Timings` follow each other without a gap, so that they add up to `total`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

__all__ = ["Certificate", "CheckCode", "Failed", "Judgement", "Outcome", "Reason", "Status", "Timings"]


@unique
class Status(StrEnum):
    """How an application stands, by one check."""

    HEALTHY = "healthy"
    WARNING = "warning"
    """It answers as wished, and something needs a person soon."""
    ERROR = "error"
    UNKNOWN = "unknown"
    """Nothing was learned about the application: the fault is on this side."""


@unique
class CheckCode(StrEnum):
    """The codes the seed's clients know. Those of browsers are the login tests'."""

    TIMEOUT = "TIMEOUT"
    NETWORK_ERROR = "NETWORK_ERROR"
    VALIDATION_FAILED = "VALIDATION_FAILED"


@unique
class Reason(StrEnum):
    """What exactly it was."""

    def __new__(cls, value: str, code: CheckCode) -> Reason:
        """A word, with the code it belongs to."""
        one = str.__new__(cls, value)
        one._value_ = value
        one.code = code
        return one

    code: CheckCode

    NAME_UNKNOWN = ("name_unknown", CheckCode.NETWORK_ERROR)
    NAME_UNRESOLVED = ("name_unresolved", CheckCode.NETWORK_ERROR)
    NAME_TIMEOUT = ("name_timeout", CheckCode.TIMEOUT)
    CONNECT_REFUSED = ("connect_refused", CheckCode.NETWORK_ERROR)
    CONNECT_TIMEOUT = ("connect_timeout", CheckCode.TIMEOUT)
    UNREACHABLE = ("unreachable", CheckCode.NETWORK_ERROR)
    CONNECTION_LOST = ("connection_lost", CheckCode.NETWORK_ERROR)
    TLS_FAILED = ("tls_failed", CheckCode.NETWORK_ERROR)
    TLS_TIMEOUT = ("tls_timeout", CheckCode.TIMEOUT)
    CERTIFICATE_EXPIRED = ("certificate_expired", CheckCode.NETWORK_ERROR)
    CERTIFICATE_NOT_YET_VALID = ("certificate_not_yet_valid", CheckCode.NETWORK_ERROR)
    CERTIFICATE_WRONG_HOST = ("certificate_wrong_host", CheckCode.NETWORK_ERROR)
    CERTIFICATE_SELF_SIGNED = ("certificate_self_signed", CheckCode.NETWORK_ERROR)
    CERTIFICATE_UNTRUSTED = ("certificate_untrusted", CheckCode.NETWORK_ERROR)
    CERTIFICATE_INVALID = ("certificate_invalid", CheckCode.NETWORK_ERROR)
    CERTIFICATE_EXPIRING = ("certificate_expiring", CheckCode.VALIDATION_FAILED)
    ANSWER_TIMEOUT = ("answer_timeout", CheckCode.TIMEOUT)
    """Connected, and not one byte came."""
    BODY_TIMEOUT = ("body_timeout", CheckCode.TIMEOUT)
    """The answer began and did not end."""
    NOT_HTTP = ("not_http", CheckCode.NETWORK_ERROR)
    HEADERS_TOO_LARGE = ("headers_too_large", CheckCode.NETWORK_ERROR)
    ADDRESS_REFUSED = ("address_refused", CheckCode.VALIDATION_FAILED)
    """This server does not fetch from there."""
    REDIRECT_REFUSED = ("redirect_refused", CheckCode.VALIDATION_FAILED)
    """The application sends us where this server does not fetch from."""
    REDIRECT_LOOP = ("redirect_loop", CheckCode.NETWORK_ERROR)
    TOO_MANY_REDIRECTS = ("too_many_redirects", CheckCode.NETWORK_ERROR)
    STATUS = ("status", CheckCode.VALIDATION_FAILED)
    BODY_TEXT = ("body_text", CheckCode.VALIDATION_FAILED)
    BODY_JSON = ("body_json", CheckCode.VALIDATION_FAILED)
    BODY_PATH = ("body_path", CheckCode.VALIDATION_FAILED)
    BODY_PATTERN = ("body_pattern", CheckCode.VALIDATION_FAILED)
    PATTERN_TIMEOUT = ("pattern_timeout", CheckCode.VALIDATION_FAILED)
    BODY_TOO_LARGE = ("body_too_large", CheckCode.VALIDATION_FAILED)
    BODY_ENCODING = ("body_encoding", CheckCode.VALIDATION_FAILED)
    CONDITION = ("condition", CheckCode.VALIDATION_FAILED)
    SLOW = ("slow", CheckCode.VALIDATION_FAILED)
    DNS_RCODE = ("dns_rcode", CheckCode.VALIDATION_FAILED)
    DNS_VALUE = ("dns_value", CheckCode.VALIDATION_FAILED)
    SECRET_MISSING = ("secret_missing", CheckCode.VALIDATION_FAILED)
    """A placeholder stands for nothing on this server."""
    BEAT_LATE = ("beat_late", CheckCode.TIMEOUT)
    BEAT_MISSING = ("beat_missing", CheckCode.TIMEOUT)
    BEAT_FAILED = ("beat_failed", CheckCode.VALIDATION_FAILED)
    """The beat itself said that something is wrong."""
    NO_BEAT_YET = ("no_beat_yet", CheckCode.TIMEOUT)
    INTERNAL = ("internal", CheckCode.VALIDATION_FAILED)
    """This server made a mistake."""


class Failed(Exception):
    """A check came to its end early. Never leaves a probe."""

    def __init__(self, reason: Reason, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.unknown = unknown


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time went, in milliseconds; of redirects the sum. A phase that was not reached has zero."""

    dns: float = 0.0
    connect: float = 0.0
    tls: float = 0.0
    first_byte: float = 0.0
    """From the connection to the first byte of the answer: sending, the server's work, the way back."""
    body: float = 0.0
    """From the first byte to the end, or to where reading was stopped."""
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the other side showed of itself, whether it can be believed or not."""

    subject: str
    issuer: str
    not_before: float
    not_after: float
    """Seconds since 1970."""
    days_left: float
    """Below zero once it has expired."""
    names: tuple[str, ...]
    """What it is good for: host names and addresses, at most sixteen."""
    fingerprint: str
    """SHA-256 of the whole, in hexadecimal."""
    problems: tuple[Reason, ...] = ()
    """Everything that is wrong with it; empty where nothing is, or nobody looked at the chain."""
    explanation: str | None = None
    """What the verification said."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One wish of the check, and whether it came true."""

    wish: str
    held: bool
    reason: Reason
    message: str
    """With the measured figures."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one check."""

    status: Status
    message: str
    reason: Reason | None = None
    """None where it is healthy."""
    timings: Timings = Timings()
    http_status: int | None = None
    address: str | None = None
    """Where it connected to."""
    redirects: int = 0
    certificate: Certificate | None = None
    body_bytes: int = 0
    """Bytes of the body that were read, decoded."""
    body_cut: bool = False
    """There was more of it than is read."""
    body_hash: str | None = None
    """SHA-256 of what was read: whether it changed, without keeping it."""
    judgements: tuple[Judgement, ...] = ()
    dns_rcode: str | None = None
    dns_values: tuple[str, ...] = ()

    @property
    def code(self) -> CheckCode | None:
        """The code of the seed's clients."""
        return self.reason.code if self.reason else None

    @property
    def response_time_ms(self) -> float:
        """All of it."""
        return self.timings.total
