"""The DNS probe: what a name stands for, asked of a resolver one names or of this machine's own.

A named resolver is an address, judged by the rules of egress, and the question goes to it alone: over UDP, and over
TCP where the answer did not fit. The answer is compared as text: names without their last dot, texts without quotes,
`MX` as `10 mail.example.org`.
"""

from __future__ import annotations

from typing import Final

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver

from headway.apps.monitor.checks.configuration import DnsCheck
from headway.apps.monitor.checks.connection import Found
from headway.apps.monitor.checks.means import Means
from headway.apps.monitor.checks.measured import Measured
from headway.apps.monitor.checks.outcome import Failed, Judgement, Outcome, Reason
from headway.apps.monitor.checks.stopwatch import Phase
from headway.apps.monitor.checks.verdict import Extras, conditions_judged, failure, good, unhappy
from headway.egress import Address, Refused, address_of

__all__ = ["probe"]

_VALUES: Final = 32
"""Answers that are kept."""
_CHARACTERS: Final = 255
"""Of one answer that is kept. Texts may have 64 KB."""


async def probe(check: DnsCheck, means: Means, found: Found) -> Outcome:
    """Ask a resolver. Everything is in the outcome, `TimeoutError` from outside excepted. Cancel freely."""
    found.watch.begin(Phase.DNS)
    try:
        answer = await _answer(check, means, found)
    except Failed as error:
        return failure(error, found)
    except dns.exception.Timeout as error:
        raise TimeoutError from error
    except (OSError, EOFError) as error:
        # EOFError: the resolver ended the TCP connection within the answer.
        return failure(Failed(Reason.UNREACHABLE, f"the resolver cannot be asked: {error}"), found)
    except dns.exception.DNSException as error:
        return failure(Failed(Reason.NAME_UNRESOLVED, f"the answer is no DNS: {error}"), found)
    found.watch.stop()
    return _judged(check, answer, found)


async def _answer(check: DnsCheck, means: Means, found: Found) -> dns.message.Message:
    question = dns.message.make_query(dns.name.from_text(check.name), check.type)
    address, port = _resolver(check)
    # The machine's own resolver is nobody's choice; in a cloud it often has a link-local address.
    if check.resolver is not None and (against := means.egress.judge(address)):
        raise Failed(Reason.ADDRESS_REFUSED, str(against), unknown=True)
    found.address = address
    answer, _ = await dns.asyncquery.udp_with_fallback(
        question, str(address), timeout=found.left(), port=port, ignore_unexpected=True, ignore_errors=True
    )
    return answer


def _resolver(check: DnsCheck) -> tuple[Address, int]:
    if check.resolver is not None:
        return _address(check.resolver), check.resolver_port
    try:
        own = dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise Failed(Reason.NAME_UNRESOLVED, "this machine knows no resolver; name one", unknown=True) from error
    return _address(str(own.nameservers[0])), own.port


def _address(text: str) -> Address:
    try:
        address = address_of(text)
    except Refused as error:
        raise Failed(Reason.NAME_UNRESOLVED, str(error), unknown=True) from error
    if isinstance(address, str):
        raise Failed(Reason.NAME_UNRESOLVED, f"the resolver {text} is no address", unknown=True)
    return address


def _judged(check: DnsCheck, answer: dns.message.Message, found: Found) -> Outcome:
    rcode, values = dns.rcode.to_text(answer.rcode()), _values(check, answer)
    measured = Measured(
        address=values[0] if values and check.type in ("A", "AAAA") else None,
        connected=True,
        response_time_ms=found.watch.timings().total,
        dns_rcode=rcode,
        body="\n".join(values).encode(),
    )
    judgements = [*_expected(check, rcode, values), *conditions_judged(check.conditions, measured)]
    extras = Extras(dns_rcode=rcode, dns_values=tuple(value[:_CHARACTERS] for value in values[:_VALUES]))
    shown = f"{check.type} of {check.name} is {', '.join(extras.dns_values[:4]) or 'nothing'}"
    return unhappy(judgements, found, extras) or good(shown, judgements, found, extras, warn_after=check.warn_after)


def _values(check: DnsCheck, answer: dns.message.Message) -> list[str]:
    wished = dns.rdatatype.from_text(check.type)
    records = [record for records in answer.answer if records.rdtype == wished for record in records]
    return sorted(_plain(check.type, record.to_text()) for record in records)


def _plain(type: str, text: str) -> str:
    """As people write it: of a text the pieces are one (RFC 7208, 3.3)."""
    if type == "TXT":
        return "".join(text[1:-1].split('" "')).replace('\\"', '"')
    return text.lower().removesuffix(".") if type in ("CNAME", "MX", "NS") else text


def _expected(check: DnsCheck, rcode: str, values: list[str]) -> list[Judgement]:
    if check.conditions and not check.expected:
        return []  # `[DNS_RCODE] == NXDOMAIN` is a wish too
    judgements = [
        Judgement(
            "the name is known", rcode == "NOERROR", Reason.DNS_RCODE, f"the resolver says {rcode} of {check.name}"
        )
    ]
    wished = {value if check.type == "TXT" else value.lower().removesuffix(".") for value in check.expected}
    missing, more = sorted(wished.difference(values)), sorted(set(values).difference(wished))
    has = ", ".join(values[:8]) or "nothing"
    judgements.append(
        Judgement(
            f"{check.type} has {', '.join(sorted(wished)) or 'a value'}",
            not missing if wished else bool(values),
            Reason.DNS_VALUE,
            f"{check.type} of {check.name} is {has}" + (f"; {', '.join(missing)} is missing" if missing else ""),
        )
    )
    if check.exact:
        message = f"{check.type} of {check.name} is also {', '.join(more[:8])}"
        judgements.append(Judgement("and nothing else", not more, Reason.DNS_VALUE, message))
    return judgements
