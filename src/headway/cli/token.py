"""`headway token`: makes a token or a share link, or explains one. The token alone goes to stdout, so that a script can
keep it; who may do what with it until when, is told on stderr where people look.

    --expires 90s · 30m · 12h · 30d · 4w        from now
    --expires 2026-12-31                        the whole of that day, in UTC
    --expires 2026-12-31T18:00+01:00            that moment

Decides nothing: what is made is checked as a server would check it before it is printed.
"""

from __future__ import annotations

import re
import secrets
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from headway.access.claims import LAST_MOMENT
from headway.access.grants import Grants
from headway.access.identity import Identity, Role, Unauthorized
from headway.access.jws import Claims, sign, take_apart
from headway.access.keys import KeyRing, secret_bytes, secret_keys
from headway.access.tokens import TokenAccess
from headway.cli import flags
from headway.cli.options import DEFAULT_URL, Publish, Read, RoleOption, Url
from headway.cli.output import Exit, note, visible
from headway.clock import Clock, SystemClock
from headway.errors import UsageError
from headway.events import channel_name
from headway.server.settings import Settings

__all__ = ["moment", "token"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_DURATION: Final = re.compile(r"([0-9]{1,12})([smhdw])")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@flags.taking(Settings, ("config", "secret", "secret_previous", "audience", "issuer"))
def token(
    user: Annotated[str | None, typer.Option(metavar="NAME", help="Whose token it is.", show_default=False)] = None,
    role: RoleOption = Role.VIEWER,
    channel: Read = None,
    publish: Publish = None,
    expires: Annotated[
        str,
        typer.Option(metavar="WHEN", help="How long it counts: 12h, 30d, 4w; or until the end of a day: 2026-12-31."),
    ] = "1d",
    share: Annotated[
        str | None,
        typer.Option(
            metavar="CHANNEL",
            help="Make a link to watch this one channel instead, for anybody who has it.",
            show_default=False,
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    show: Annotated[
        str | None,
        typer.Option(
            metavar="TOKEN|-",
            help="Explain a token instead, without showing it; - reads it from stdin, which is safer.",
            show_default=False,
        ),
    ] = None,
    **given: Any,  # Any: values of settings
) -> None:
    """Make a token or a share link, or explain a token.

    It is signed with the secret of the server, which HEADWAY_SECRET, --secret-file or the file of settings names.

    \b
    headway token --user ci --publish 'build:*' --expires 30d
    headway token --share build:7 --expires 1w --url https://progress.example.org
    headway token --show - < token
    """
    settings, clock = flags.settings_from(Settings, given), SystemClock()
    if show is not None:
        _explain(sys.stdin.read().strip() if show == "-" else show, settings, clock)
        return
    secret = _secret(settings)
    until = moment(expires, clock)
    if share is not None:
        if user is not None or channel or publish or role is not Role.VIEWER:
            raise UsageError("a share link is for whoever has it, to watch one channel: it takes --expires alone")
        grant = _grants(settings, clock).share(channel_name(share), until)
        # Behind a `#`, where no server and no log sees it.
        print(f"{url.rstrip('/')}/?channel={quote(share, safe='')}#token={grant}", flush=True)
        _tell(f"a link to watch {share} until {_date(until)}, for everybody who has it")
        return
    claims: Claims = {
        "sub": _user(user),
        "jti": secrets.token_urlsafe(12),
        "iat": int(clock.now()),
        "exp": int(until),
        "role": role.value,
        "channels": list(channel) if channel else ["*"],
        "publish": list(publish or ()),
    }
    named = {"aud": settings.audience, "iss": settings.issuer}
    made = sign(claims | {name: value for name, value in named.items() if value is not None}, secret_bytes(secret))
    identity = _checked(made, settings, clock)
    print(made, flush=True)
    _tell(f"a token of {_who(identity)}, until {_date(until)}")


def moment(spelled: str, clock: Clock) -> float:
    """Seconds since 1970 of a duration from now, a day's end, or a date and time. Raises `UsageError`."""
    now, duration = clock.now(), _DURATION.fullmatch(spelled)
    try:
        if duration:
            until = now + int(duration[1]) * _UNITS[duration[2]]
        elif _DAY.fullmatch(spelled):
            until = (datetime.fromisoformat(spelled).replace(tzinfo=UTC) + timedelta(days=1)).timestamp()
        else:
            found = datetime.fromisoformat(spelled)
            until = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"--expires: a time from now such as 12h, 30d or 4w, or a date such as 2026-12-31, not {spelled!r}"
        ) from None
    if until <= now:
        raise UsageError(f"--expires: {spelled} is over already")
    if until > LAST_MOMENT:
        raise UsageError("--expires: the year 9999 is the last one there is")
    return until


def _explain(given: str, settings: Settings, clock: Clock) -> None:
    """Print what a token says and whether it counts. Raises `Unauthorized` where it does not."""
    signed = take_apart(given)
    claims = signed.claims()  # not believed: they are shown, beside the verdict
    kind = {"headway-share": "share link", "headway-sign-in": "sign-in", "headway-ticket": "ticket"}
    print(_row("kind", kind.get(signed.type or "", "token")))
    for name, label in (("sub", "user"), ("user_id", "user"), ("role", "role"), ("only", "channel")):
        if claims.get(name) is not None:
            print(_row(label, claims[name]))
    if "only" not in claims or claims["only"] is None:
        print(_row("reads", claims.get("channels", ["*"])))
        print(_row("publishes", claims.get("publish", [])))
    for name, label in (("aud", "audience"), ("iss", "issuer"), ("jti", "id")):
        if claims.get(name) is not None:
            print(_row(label, claims[name]))
    for name, label in (("iat", "made"), ("nbf", "from"), ("exp", "until")):
        if claims.get(name) is not None:
            print(_row(label, _date(claims[name])))
    print(_row("signed", signed.algorithm + (f", by the key {signed.key}" if signed.key is not None else "")))
    if settings.secret is None:
        print(_row("counts", "not checked: no secret is set here, so anybody may have made it"))
    elif signed.algorithm != "HS256":
        print(_row("counts", "not checked: it is signed with a key of a key set, not with the secret"))
    else:
        _print_verdict(given, signed.type == "headway-ticket", settings, clock)


def _print_verdict(given: str, ticket: bool, settings: Settings, clock: Clock) -> None:
    access = _access(settings, clock)
    try:
        if ticket:
            access.redeem(given)
        else:
            access.authenticate(given)
    except Unauthorized as error:
        print(_row("counts", f"no: {error}"), flush=True)
        raise typer.Exit(Exit.TOKEN) from None
    print(_row("counts", "yes, unless the server has revoked it" + (" or it was used" if ticket else "")))


def _row(label: str, value: object) -> str:
    shown = (", ".join(map(str, value)) or "nothing") if isinstance(value, list) else str(value)
    return visible(f"{label:<9} {shown}").replace("\n", " ")


def _secret(settings: Settings) -> str:
    if settings.secret is None:
        raise UsageError(
            "there is no secret to sign with; set HEADWAY_SECRET, --secret-file or --config as for the server. "
            "Make one with: openssl rand -base64 48"
        )
    return settings.secret.get_secret_value()


def _grants(settings: Settings, clock: Clock) -> Grants:
    return Grants(settings.secrets_in_use(), clock, lambda: secrets.token_urlsafe(18))


def _access(settings: Settings, clock: Clock) -> TokenAccess:
    """As a server with these settings has it."""
    return TokenAccess(
        KeyRing(secret_keys(*settings.secrets_in_use())),
        clock,
        audience=settings.audience,
        issuer=settings.issuer,
        grants=_grants(settings, clock),
    )


def _checked(made: str, settings: Settings, clock: Clock) -> Identity:
    try:
        return _access(settings, clock).authenticate(made)
    except Unauthorized as error:
        raise UsageError(f"no server would take this: {error}") from None


def _user(name: str | None) -> str:
    if name is None:
        raise UsageError("say whose token it is with --user, or what is to be shared with --share")
    return name


def _who(identity: Identity) -> str:
    writes = f"publishes {', '.join(identity.writable)}" if identity.writable else "publishes nothing"
    return f"{identity.user} ({identity.role.value}), who reads {', '.join(identity.readable)} and {writes}"


def _date(value: object) -> str:
    """A moment for people; whatever else stands there, as it stands."""
    try:
        return datetime.fromtimestamp(float(str(value)), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return str(value)


def _tell(sentence: str) -> None:
    """For people; a script that keeps the token reads none of it."""
    if sys.stderr.isatty():
        note(sentence)
