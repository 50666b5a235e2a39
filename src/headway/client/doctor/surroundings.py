"""What is judged beside the transports: the way, the server, the token, sizes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from headway.client.doctor import recipes
from headway.client.doctor.observed import (
    Access,
    Kind,
    Publishing,
    ServerSeen,
    Sizes,
    Trouble,
    WayProblem,
    WaySeen,
)
from headway.client.doctor.report import Finding, Level
from headway.codes import Code

__all__ = ["judge_access", "judge_server", "judge_sizes", "judge_way"]

_CERTIFICATE_DAYS: Final = 14.0
"""Let's Encrypt's certificates are renewed a month before their end: with two weeks left something has gone wrong."""
_SKEW: Final = 5.0
"""Seconds: beyond that, times in logs and on pages cannot be compared any more."""


def judge_way(way: WaySeen) -> Iterator[Finding]:
    """DNS, TCP, TLS."""
    if way.via is not None:
        yield Finding(
            "environment_proxy",
            Level.NOTE,
            "network",
            f"Everything goes through the proxy {way.via}, as this machine's environment says (HTTP_PROXY and others).",
            "If the server can be reached without it, name its host in NO_PROXY.",
        )
    if way.problem is not None:
        yield _way_problem(way, way.problem)
    elif way.certificate_days is not None and way.certificate_days < _CERTIFICATE_DAYS:
        yield Finding(
            "certificate_ends",
            Level.IMPAIRED,
            "network",
            f"The server's certificate ends in {way.certificate_days:.0f} days.",
            "Renew it now; on that day every client is locked out.",
        )


def _way_problem(way: WaySeen, problem: WayProblem) -> Finding:
    place = f"{way.host}:{way.port}"
    match problem:
        case WayProblem.UNKNOWN_HOST:
            sentence = f"There is no host {way.host}: {way.reason}."
            advice = (
                "Check how the name is spelled. If it is right, this machine asks another name server than those who "
                "find it."
            )
        case WayProblem.UNREACHABLE:
            sentence = f"Nobody answers at {place}: {way.reason}."
            advice = (
                "Is the server running, and is this its port? `headway serve` listens on 127.0.0.1 unless --host says "
                "otherwise; from another machine only an address that is not loopback can be reached."
            )
        case WayProblem.CERTIFICATE:
            sentence = f"The certificate of {place} is not trusted here: {way.reason}."
            advice = (
                "Have the server send a certificate for this name, with all those between it and a root. If your own "
                "organisation has signed it, name its root in SSL_CERT_FILE."
            )
        case WayProblem.TLS:
            sentence = f"{place} does not get through a TLS handshake: {way.reason}."
            advice = "Is TLS served on this port? A box between that looks into TLS can also be the reason."
        case WayProblem.SPEAKS_HTTP:
            sentence = f"{place} speaks http, not https."
            advice = f"Use http://{place}, or the address of the proxy that adds TLS."
        case WayProblem.SPEAKS_HTTPS:
            sentence = f"{place} speaks https, not http."
            advice = f"Use https://{place}."
    return Finding(problem.value, Level.FAILED, "network", sentence, advice)


def judge_server(server: ServerSeen, version: str) -> Iterator[Finding]:
    """What answers."""
    if not server.headway:
        yield _no_headway(server)
        return
    if not server.healthy:
        why = "; ".join(server.ailing) or "it does not say to us why"
        yield Finding(
            "degraded",
            Level.IMPAIRED,
            "server",
            f"The server says that it is not well: {why}.",
            "Its log and GET /api/health say more. Events may not be stored until that is repaired.",
        )
    if server.by.name is not None:
        yield Finding(
            "proxy",
            Level.NOTE,
            "server",
            f"Something stands before the server: its answers are signed {server.by.name}.",
        )
    if version and server.version is not None and server.version != version:
        yield Finding(
            "version_differs",
            Level.NOTE,
            "server",
            f"The server is Headway {server.version}, this is {version}.",
            "Where something is odd, use the same version on both sides.",
        )
    if server.skew is not None and abs(server.skew) > _SKEW + server.skew_within:
        side = "ahead of" if server.skew > 0 else "behind"
        yield Finding(
            "clock_differs",
            Level.NOTE,
            "server",
            f"The server's clock is {_duration(abs(server.skew))} {side} this machine's.",
            "Have both set their clocks by NTP. Tokens expire by the server's; ages on pages are told by both.",
        )


def _no_headway(server: ServerSeen) -> Finding:
    trouble, status = server.trouble, server.status
    who = f" ({server.by.name})" if server.by.name else ""
    code, level, subject = trouble.code if trouble is not None else None, Level.FAILED, "server"
    if server.location is not None:
        return Finding(
            "redirected",
            level,
            subject,
            f"This address redirects to {server.location}{who}. The client follows no redirects.",
            f"Use {server.location.removesuffix('/api/health')} instead.",
        )
    if server.elsewhere is not None:
        advice = f"Use {server.elsewhere}"
        return Finding(
            "elsewhere", level, subject, "There is no Headway at this path, but there is one above it.", advice
        )
    if code is Code.MISDIRECTED:
        advice = (
            "Let the proxy pass the Host header on as it came, and name the host in HEADWAY_HOSTS; or give the server "
            "a secret."
        )
        return Finding("misdirected", level, subject, "The server does not answer for this host name.", advice)
    if status == 429:
        return too_many(subject, trouble)
    if status in (502, 503, 504):
        return Finding(
            "bad_gateway",
            level,
            subject,
            f"A proxy{who} answers {status}: it finds no server behind it.",
            "Is Headway running, and does the proxy pass on to its port?",
        )
    if status in (401, 407):
        return Finding(
            "login_before",
            level,
            subject,
            f"Something before the server{who} wants a login of its own (HTTP {status}).",
            "Let it pass /api/, /ws and /socket.io/ on: Headway has tokens of its own, in the header that such a login "
            "takes.",
        )
    if status is not None:
        return Finding(
            "not_headway",
            level,
            subject,
            f"What answers here{who} is not a Headway: HTTP {status} for /api/health.",
            "Check host and port, and the path if it is mounted below one, such as https://example.org/live.",
        )
    silent = trouble is not None and trouble.kind is Kind.SILENT
    return Finding(
        "no_answer",
        level,
        subject,
        f"The port is open, but an HTTP request is not answered: {trouble.reason if trouble else 'nothing came'}.",
        "The server hangs, or a box between takes connections in its place."
        if silent
        else "Something ends HTTP connections to this port; or it is none of HTTP.",
    )


def judge_access(access: Access, publishing: Publishing | None) -> Iterator[Finding]:
    """The token, and what it allows."""
    if access.trouble is not None:
        yield _token_problem(access, access.trouble)
    elif access.channel is None:
        yield Finding(
            "nothing_to_read",
            Level.FAILED,
            "token",
            "The token is good, but lets you read no channel.",
            "Have one made that names channels: headway token --channel 'run:*'.",
        )
    elif not access.publish:
        whose = "" if access.fresh else f" Only {access.channel!r} may be read, and nothing is published to it."
        yield Finding(
            "cannot_publish",
            Level.NOTE,
            "token",
            "The token does not allow to publish, so instead of an event the first answer, the state, was waited for. "
            f"Whether streams are held back later cannot be seen.{whose}",
            "For all of it use a token that may publish to doctor:* and read it.",
        )
    if publishing is not None and publishing.trouble is not None:
        trouble = publishing.trouble
        yield Finding(
            "publish_failed",
            Level.IMPAIRED,
            "token" if trouble.code is Code.FORBIDDEN else "network",
            f"Publishing over HTTP fails: {trouble.reason}.",
            "GET requests come through and POST does not: a box between refuses it, or loses the answers."
            if trouble.code is None
            else "The server says so itself; see its log.",
        )
    if publishing is not None and publishing.answer_dropped:
        yield Finding(
            "publish_answer_dropped",
            Level.IMPAIRED,
            "network",
            "The server had stored an event, but its answer was thrown away on its way back.",
            "Publish with an idempotency key, as the clients do, and trying again stores nothing twice. Then look for "
            "a box that cuts answers.",
        )


def _token_problem(access: Access, trouble: Trouble) -> Finding:
    if trouble.status == 429:
        return too_many("token", trouble)
    if trouble.code is not Code.UNAUTHORIZED:
        sentence = f"The server would not say who we are: {trouble.reason}."
        return Finding("token_unknown", Level.FAILED, "token", sentence, "Does something before it want a login?")
    if not access.given:
        return Finding(
            "token_needed",
            Level.FAILED,
            "token",
            "The server wants a token (401; on a WebSocket it closes with 4001).",
            "Give one with --token or HEADWAY_TOKEN. Whoever runs the server makes one with `headway token`.",
        )
    if access.stripped:
        return Finding(
            "token_stripped",
            Level.FAILED,
            "token",
            "The token did not arrive: something takes the Authorization header away.",
            "Have the proxy pass Authorization on, and ask for no login of its own here.",
        )
    return Finding(
        "token_refused",
        Level.FAILED,
        "token",
        f"The server does not take the token: {trouble.reason} (401; on a WebSocket it closes with 4001).",
        "`headway token explain` says what is in it. Expired: have a new one made. Otherwise it was signed with "
        "another secret than this server's.",
    )


def too_many(subject: str, trouble: Trouble | None) -> Finding:
    """HTTP 429, wherever it came."""
    wait = f" It asks to wait {trouble.retry:g} s." if trouble is not None and trouble.retry else ""
    own = trouble is not None and trouble.code is not None
    return Finding(
        "too_many",
        Level.FAILED,
        subject,
        f"{'The server' if own else 'Something before the server'} says 429: too many connections or requests.{wait}",
        "Behind a proxy, name it in HEADWAY_TRUSTED_PROXIES: without that all people count as one address. "
        f"See {recipes.PAGE}."
        if own
        else "Raise the limit of the proxy for this server: people who come back after a restart come all at once.",
    )


def judge_sizes(sizes: Sizes) -> Iterator[Finding]:
    """Long addresses and large bodies."""
    if sizes.address is not None:
        yield Finding(
            "long_address",
            Level.IMPAIRED,
            "sizes",
            f"An address of {sizes.address_bytes} bytes does not come through: {sizes.address.reason}.",
            f"Streams of many channels have such addresses. Raise the proxy's limit for headers. See {recipes.PAGE}.",
            recipes.LONG_ADDRESS,
        )
    if sizes.body is not None:
        known = f"{sizes.body.reason}" + (f", from {sizes.body.by.name}" if sizes.body.by.name else "")
        yield Finding(
            "large_body",
            Level.IMPAIRED,
            "sizes",
            f"A body of {sizes.body_bytes / 1e6:.1f} MB, an event of the greatest size, does not get through: {known}.",
            f"Raise the proxy's limit for bodies. See {recipes.PAGE}.",
            recipes.LARGE_BODY,
        )


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.0f} h"
    )
