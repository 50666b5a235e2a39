"""What is judged of each transport. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Final

from headway.client.doctor import recipes
from headway.client.doctor.observed import Check, Kind, Observed, Stage, Trial, Trouble
from headway.client.doctor.patience import Patience
from headway.client.doctor.report import Finding, Level
from headway.client.doctor.surroundings import too_many
from headway.codes import Code

__all__ = ["judge_transport", "title"]

_TITLES: Final = {
    Check.WEBSOCKET: "WebSocket",
    Check.SOCKETIO: "Socket.IO",
    Check.SOCKETIO_POLLING: "Socket.IO over polling",
    Check.EVENTSOURCE: "Server-Sent Events",
    Check.POLLING: "polling",
}
_SOCKETS: Final = (Check.WEBSOCKET, Check.SOCKETIO)
_EARLY: Final = 0.5
"""Of what it was asked to wait: a poll that comes back before that was not answered by the server."""
_SOON: Final = 2.0
"""Seconds: what ends an open connection sooner ends every one, and is no idle time."""


def title(check: Check) -> str:
    """As people read it."""
    return _TITLES.get(check, check.value)


def judge_transport(trial: Trial, seen: Observed, patience: Patience) -> Iterator[Finding]:
    """Everything about one transport."""
    if trial.trouble is not None:
        yield _trouble(trial, trial.trouble, seen)
        return
    yield from _streaming(trial, patience)
    yield from _waiting(trial, patience)
    yield from _slow(trial, patience)
    yield from _hold(trial)


def _finding(trial: Trial, code: str, level: Level, sentence: str, advice: str, recipe: str | None = None) -> Finding:
    return Finding(code, level, trial.check.value, sentence, advice, recipe)


# What does not work.


def _trouble(trial: Trial, trouble: Trouble, seen: Observed) -> Finding:
    name = title(trial.check)
    if trouble.status == 429:
        return too_many(trial.check.value, trouble)
    match trouble.kind:
        case Kind.STRIPPED:
            return _finding(
                trial,
                "upgrade_stripped",
                Level.FAILED,
                f"{name}: the server was asked, but not for an upgrade: {_who(trouble, seen)} does not pass the "
                "Upgrade and Connection headers on.",
                f"A proxy passes them on only when it is told to. See {recipes.PAGE}.",
                recipes.UPGRADE,
            )
        case Kind.STATUS if trouble.code is None and trial.check in _SOCKETS:
            return _finding(
                trial,
                "upgrade_refused",
                Level.FAILED,
                f"{name}: {_who(trouble, seen)} refuses the upgrade with {trouble.reason}.",
                f"A proxy or firewall lets no WebSocket through. Have it allow them for this host. See {recipes.PAGE}. "
                "Until then the client uses another transport by itself.",
                recipes.UPGRADE,
            )
        case Kind.STATUS if trouble.code is None:
            return _finding(
                trial,
                "status",
                Level.FAILED,
                f"{name}: {_who(trouble, seen)} answers {trouble.reason} in the server's place.",
                "Have it pass /api/ and /socket.io/ on, whole.",
            )
        case Kind.STATUS | Kind.CLOSED:
            return _refused(trial, trouble)
        case Kind.HELD:
            return _held(trial, trouble, seen)
        case Kind.DROPPED:
            return _finding(
                trial,
                "answer_dropped",
                Level.FAILED,
                f"{name}: the server answers, and the answer is thrown away on its way: the connection is cut just "
                "when the answer is due.",
                "Nothing is lost by it, since a position is asked for again. Look for a box that inspects answers, "
                "such as an antivirus, and exempt this host.",
            )
        case Kind.SILENT:
            return _finding(
                trial,
                "silent",
                Level.FAILED,
                f"{name}: connections are taken and never answered{_stage(trouble)}.",
                "A firewall drops what it does not know, without a word; or the way is congested. The client waits "
                "1.5 s for such a transport and then tries the next.",
            )
        case Kind.CUT if trouble.stage is not Stage.OPEN and trial.check in _SOCKETS:
            return _finding(
                trial,
                "reset_after_upgrade",
                Level.FAILED,
                f"{name}: the upgrade is answered, and then the connection is cut: {trouble.reason}.",
                "A box allows the handshake and kills what follows: it reads HTTP, and finds none. Exempt this host "
                "there, or use https, into which it cannot look. The client leaves such a transport by itself.",
            )
        case Kind.CUT:
            return _finding(
                trial,
                "cut",
                Level.FAILED,
                f"{name}: connections are cut before anything is answered{_stage(trouble)}: {trouble.reason}.",
                "A firewall ends what it does not allow. Have it allow this host, or use https, into which it cannot "
                "look.",
            )
        case Kind.NONSENSE:
            return _finding(
                trial,
                "nonsense",
                Level.FAILED,
                f"{name}: what comes back is not what a Headway says.",
                "Something answers in its place, such as a page to sign in to a network. Open the URL in a browser.",
            )


def _refused(trial: Trial, trouble: Trouble) -> Finding:
    """By the server itself."""
    name = title(trial.check)
    if trouble.code is Code.UNAUTHORIZED:
        return _finding(
            trial,
            "token_refused",
            Level.FAILED,
            f"{name}: the server does not take the token here (401, 4001): {trouble.reason}.",
            "Over plain HTTP it did. A proxy that passes Authorization on for some paths only is the usual reason.",
        )
    return _finding(
        trial,
        "refused",
        Level.FAILED,
        f"{name}: the server refuses: {trouble.reason}.",
        "The server says so itself; its log says more.",
    )


def _held(trial: Trial, trouble: Trouble, seen: Observed) -> Finding:
    name = title(trial.check)
    if trial.check in _SOCKETS:
        return _finding(
            trial,
            "upgrade_held",
            Level.FAILED,
            f"{name}: the upgrade is not answered, while ordinary answers come through: something waits for the end of "
            "an answer that has none.",
            "An antivirus or a proxy takes a WebSocket for a page. Exempt this host there, or use https. The client "
            "uses another transport by itself.",
            recipes.UPGRADE,
        )
    return _finding(
        trial,
        "buffered",
        Level.FAILED,
        f"{name}: nothing arrives, while answers that end do: {_who(trouble, seen)} keeps them until they are whole.",
        f"Switch its buffering off for this host. The server asks for that with X-Accel-Buffering: no, which nginx "
        f"obeys unless proxy_ignore_headers names it. See {recipes.PAGE}.",
        recipes.BUFFERING,
    )


# What works, but not as it should.


def _streaming(trial: Trial, patience: Patience) -> Iterator[Finding]:
    name, notes = title(trial.check), trial.notes
    if notes.encoding is not None and trial.check is Check.EVENTSOURCE:
        yield _finding(
            trial,
            "compressed",
            Level.IMPAIRED,
            f"{name}: something on the way compresses the stream ({notes.encoding}), although it says no-transform.",
            "What compresses waits until it has enough to compress: events come late. Switch compression off for "
            f"text/event-stream. See {recipes.PAGE}.",
            recipes.BUFFERING,
        )
    if trial.missing:
        told = "none of the events was told" if not trial.lags else f"{trial.missing} of the events were not told"
        sent = (
            " The server's wish, X-Accel-Buffering: no, came through to here, so no box has obeyed it."
            if notes.accelerated
            else ""
        )
        yield _finding(
            trial,
            "buffered" if trial.check is Check.EVENTSOURCE else "events_missing",
            Level.FAILED if not trial.lags else Level.IMPAIRED,
            f"{name}: {told} within {patience.event:g} s: something keeps them back.{sent}",
            f"Switch buffering off for this host in every proxy on the way. See {recipes.PAGE}.",
            recipes.BUFFERING,
        )
    elif trial.together and trial.check is not Check.POLLING and trial.check is not Check.SOCKETIO_POLLING:
        yield _finding(
            trial,
            "bundled",
            Level.IMPAIRED,
            f"{name}: events that were published one by one arrive together: something collects them.",
            f"Switch buffering off for this host in every proxy on the way. See {recipes.PAGE}.",
            recipes.BUFFERING,
        )
    elif trial.lags and _late(trial, patience):
        yield _finding(
            trial,
            "late",
            Level.IMPAIRED,
            f"{name}: an event takes {median(trial.lags):.1f} s, far more than a round trip: something holds it back.",
            f"Look for buffering or inspection in the proxies on the way. See {recipes.PAGE}.",
            recipes.BUFFERING,
        )


def _late(trial: Trial, patience: Patience) -> bool:
    # Where there is no round trip, what the handshake took has at least one in it.
    trip = trial.ping if trial.ping is not None else trial.connect or 0.0
    return median(trial.lags) > patience.lagging + 3 * trip


def _waiting(trial: Trial, patience: Patience) -> Iterator[Finding]:
    asked, waited, name = trial.notes.asked_wait, trial.notes.waited, title(trial.check)
    if asked is None or waited is None:
        return
    if waited < asked * _EARLY:
        yield _finding(
            trial,
            "poll_early",
            Level.IMPAIRED,
            f"{name}: a poll that was to wait {asked:g} s without news was answered after {waited:.1f} s.",
            "A cache answers in the server's place, or the server is about to restart. Have the cache leave /api/ "
            "alone: every answer says no-cache.",
        )
    elif waited > asked + patience.slow + (trial.ping or 0.0):
        yield _finding(
            trial,
            "poll_late",
            Level.IMPAIRED,
            f"{name}: a poll that was to wait {asked:g} s came back after {waited:.1f} s.",
            "Something holds answers back, or the server has too much to do.",
        )


def _slow(trial: Trial, patience: Patience) -> Iterator[Finding]:
    trips = [("a round trip", trial.ping), ("the handshake", trial.connect)]
    slow = next(((what, seconds) for what, seconds in trips if seconds is not None and seconds >= patience.slow), None)
    if slow is not None:
        yield _finding(
            trial,
            "slow",
            Level.IMPAIRED,
            f"{title(trial.check)}: {slow[0]} takes {slow[1]:.1f} s.",
            "The line is slow or far, or the server has too much to do: compare with the other transports, and with "
            "the time that TCP takes. Nothing is lost by it.",
        )


def _hold(trial: Trial) -> Iterator[Finding]:
    hold, name = trial.hold, title(trial.check)
    if hold is None or hold.trouble is None:
        return
    trouble = hold.trouble
    if trouble.kind is Kind.SILENT and (trial.missing or trial.together):
        return  # what keeps events back keeps back the last one too
    if trouble.kind is Kind.SILENT:
        yield _finding(
            trial,
            "went_silent",
            Level.FAILED,
            f"{name}: after {hold.held:.1f} s the connection still stands, but nothing comes through any more: it is "
            "half open.",
            "A NAT or a firewall forgets connections. Have it remember them for longer than 60 s. The client notices "
            "by its heartbeat after 20 s and comes back to where it was.",
        )
    elif trouble.kind is Kind.CLOSED:
        yield _finding(
            trial,
            "closed",
            Level.IMPAIRED,
            f"{name}: after {hold.held:.1f} s the server ended the connection: {trouble.reason}.",
            "The server says so itself: a restart, a token that has expired, or too many connections of one user.",
        )
    elif hold.held < _SOON:
        yield _finding(
            trial,
            "opens_then_dies",
            Level.FAILED,
            f"{name}: it opens and answers, and {hold.held:.1f} s later it is cut: {trouble.reason}.",
            "A box lets connections live only until it has seen what they are. Exempt this host there, or use https. "
            "The client leaves such a transport after three of its short lives.",
        )
    else:
        yield _finding(
            trial,
            "idle_cut",
            Level.IMPAIRED,
            f"{name}: a quiet connection is cut after {hold.held:.0f} s: {trouble.reason}.",
            "The idle time of a proxy is shorter than the server's signs of life: every 15 s on Server-Sent Events, "
            f"every 25 s elsewhere. Sixty seconds are enough everywhere. See {recipes.PAGE}.",
            recipes.IDLE,
        )


def _who(trouble: Trouble, seen: Observed) -> str:
    """Who has done it, as far as anybody has signed."""
    named = trouble.by.name or (seen.server.by.name if seen.server is not None else None)
    return f"a box that signs as {named}" if named else "a box that does not sign its answers"


def _stage(trouble: Trouble) -> str:
    match trouble.stage:
        case Stage.OPEN:
            return ""
        case Stage.FOLLOW:
            return ", once they stand"
        case Stage.PING | Stage.EVENT | Stage.HOLD:
            return " any more, once they have been answered"
