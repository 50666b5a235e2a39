"""What a certificate says, and everything that is wrong with it.

Two looks at the same thing. OpenSSL's verification stops at the first fault, with a number for it; what stands in the
certificate itself (dates, names, who signed) is read here as well, so that an expired certificate of the wrong host is
told as both. The order of `problems` is the order in which a person mends them.
"""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from datetime import UTC, datetime
from typing import Final

from cryptography import x509

from headway.apps.monitor.checks.outcome import Certificate, Reason

__all__ = ["problem_of", "read", "said"]

_NAMES: Final = 16
"""Names that are kept of one certificate. Some hold hundreds."""
_CHARACTERS: Final = 255
"""Of one of them: the longest name of a host. Whoever answers writes what it likes."""

_ORDER: Final = (
    Reason.CERTIFICATE_EXPIRED,
    Reason.CERTIFICATE_NOT_YET_VALID,
    Reason.CERTIFICATE_WRONG_HOST,
    Reason.CERTIFICATE_SELF_SIGNED,
    Reason.CERTIFICATE_UNTRUSTED,
    Reason.CERTIFICATE_INVALID,
)

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_VERIFY: Final = {
    2: Reason.CERTIFICATE_UNTRUSTED,  # issuer not found
    9: Reason.CERTIFICATE_NOT_YET_VALID,
    10: Reason.CERTIFICATE_EXPIRED,
    18: Reason.CERTIFICATE_SELF_SIGNED,
    19: Reason.CERTIFICATE_UNTRUSTED,  # the chain ends at an authority nobody here knows
    20: Reason.CERTIFICATE_UNTRUSTED,
    21: Reason.CERTIFICATE_UNTRUSTED,  # an intermediate certificate is not sent
    62: Reason.CERTIFICATE_WRONG_HOST,
    64: Reason.CERTIFICATE_WRONG_HOST,
}


def problem_of(error: ssl.SSLCertVerificationError) -> Reason:
    """What the verification stopped at."""
    return _VERIFY.get(error.verify_code, Reason.CERTIFICATE_INVALID)


def read(der: bytes, host: str, now: float, failure: ssl.SSLCertVerificationError | None = None) -> Certificate | None:
    """A certificate as it was shown. None where it cannot even be read."""
    try:
        shown = x509.load_der_x509_certificate(der)
        names = _names(shown)
        begin, end = shown.not_valid_before_utc.timestamp(), shown.not_valid_after_utc.timestamp()
        subject, issuer = shown.subject.rfc4514_string(), shown.issuer.rfc4514_string()
    except (ValueError, TypeError, x509.DuplicateExtension):
        return None
    found = {problem_of(failure)} if failure else set()
    if now > end:
        found.add(Reason.CERTIFICATE_EXPIRED)
    if now < begin:
        found.add(Reason.CERTIFICATE_NOT_YET_VALID)
    if not any(_covers(name, host) for name in names):
        found.add(Reason.CERTIFICATE_WRONG_HOST)
    if subject == issuer and failure:
        # An authority's own certificate may be trusted by name; where the chain held, it was.
        found.add(Reason.CERTIFICATE_SELF_SIGNED)
    return Certificate(
        subject=subject[:_CHARACTERS],
        issuer=issuer[:_CHARACTERS],
        not_before=begin,
        not_after=end,
        days_left=round((end - now) / 86_400, 2),
        names=tuple(name[:_CHARACTERS] for name in names[:_NAMES]),
        fingerprint=hashlib.sha256(der).hexdigest(),
        problems=tuple(problem for problem in _ORDER if problem in found),
        explanation=failure.verify_message if failure else None,
    )


def said(problem: Reason, certificate: Certificate | None, host: str) -> str:
    """The problem as a sentence."""
    if certificate is None:
        return f"the certificate of {host} cannot be believed"
    match problem:
        case Reason.CERTIFICATE_EXPIRED:
            return f"the certificate of {host} expired on {_day(certificate.not_after)}"
        case Reason.CERTIFICATE_NOT_YET_VALID:
            return f"the certificate of {host} is valid only from {_day(certificate.not_before)} on"
        case Reason.CERTIFICATE_WRONG_HOST:
            return f"the certificate is for {', '.join(certificate.names) or 'no host at all'}, not for {host}"
        case Reason.CERTIFICATE_SELF_SIGNED:
            return f"the certificate of {host} is signed by itself"
        case Reason.CERTIFICATE_UNTRUSTED:
            return f"the certificate of {host} is signed by {certificate.issuer}, whom this server does not trust"
        case _:
            return f"the certificate of {host} cannot be believed: {certificate.explanation}"


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    hosts = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    return hosts + [str(address) for address in names.get_values_for_type(x509.IPAddress)]


def _covers(name: str, host: str) -> bool:
    """RFC 9525: a star stands for one whole label, the first."""
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        pass
    first, _, rest = name.rstrip(".").partition(".")
    if first == "*":
        return "." in rest and host.partition(".")[2] == rest
    return name.rstrip(".") == host
