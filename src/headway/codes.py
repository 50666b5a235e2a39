"""Every code a client can be told, in one table each: how a connection closes, and what was wrong with a request.

The advice is a column of its own and never derived from a range: 4001 means "get a new token" because the clients in
the world expect it to. Documentation and the TypeScript client are generated from here.
"""

from __future__ import annotations

from enum import Enum, unique

__all__ = ["Advice", "Close", "Code"]


@unique
class Advice(Enum):
    """What a client does after a close."""

    RECONNECT = "reconnect"
    """Come back, with back-off and jitter."""
    RENEW = "renew"
    """Get a new token first, then come back."""
    STOP = "stop"
    """Coming back would fail in the same way."""


@unique
class Close(Enum):
    """Close codes of the raw WebSocket: code, meaning, advice. The name is the one in the documentation."""

    NORMAL = (1000, "The work is done.", Advice.STOP)
    GOING_AWAY = (1001, "The page or the server goes away.", Advice.RECONNECT)
    PROTOCOL_ERROR = (1002, "The frames break the WebSocket protocol.", Advice.RECONNECT)
    UNSUPPORTED_DATA = (1003, "This connection does not take that kind of frame.", Advice.STOP)
    ABNORMAL = (1006, "The connection ended without a close. Never sent.", Advice.RECONNECT)
    INVALID_TEXT = (1007, "A text frame is not UTF-8, or a compressed one is not deflate.", Advice.RECONNECT)
    POLICY = (1008, "A rule of the server forbids this connection.", Advice.STOP)
    TOO_BIG = (1009, "A message is larger than the server takes.", Advice.STOP)
    INTERNAL = (1011, "The server made a mistake.", Advice.RECONNECT)
    RESTART = (1012, "The server restarts; come back after the delay it named.", Advice.RECONNECT)
    OVERLOADED = (1013, "The server has too much to do; come back later.", Advice.RECONNECT)
    BAD_TOKEN = (4001, "The token is missing, invalid or expired.", Advice.RENEW)
    TOO_MANY_ERRORS = (4002, "The client kept sending messages that make no sense.", Advice.STOP)
    FORBIDDEN = (4003, "The token does not cover what was asked.", Advice.STOP)
    TOO_SLOW = (4008, "No sign of life within the heartbeat.", Advice.RECONNECT)
    REPLACED = (4009, "A newer connection of the same user or session took this place.", Advice.STOP)
    NO_AUTH = (4010, "No token arrived within the time to authenticate.", Advice.RENEW)

    def __init__(self, code: int, meaning: str, advice: Advice) -> None:
        self.code = code
        self.meaning = meaning
        self.advice = advice


@unique
class Code(Enum):
    """Error codes in answers, on every transport: spelling, HTTP status, meaning, and whether trying again can help."""

    BAD_JSON = ("bad_json", 400, "The text is not JSON.", False)
    BAD_MESSAGE = ("bad_message", 400, "A field is missing, of the wrong kind, or out of its bounds.", False)
    UNKNOWN_TYPE = ("unknown_type", 400, "There is no message of this type.", False)
    BAD_CHANNEL = ("bad_channel", 400, "A channel name is 1 to 255 visible characters.", False)
    BAD_POSITION = ("bad_position", 400, "The position was not made by this server.", False)
    RESERVED_FIELD = ("reserved_field", 400, "The data uses a name that belongs to the event itself.", False)
    RESERVED_TYPE = ("reserved_type", 400, "The event type belongs to the protocol itself.", False)
    UNAUTHORIZED = ("unauthorized", 401, "A valid token is needed.", False)
    FORBIDDEN = ("forbidden", 403, "The token does not cover this.", False)
    NOT_FOUND = ("not_found", 404, "There is nothing here.", False)
    METHOD = ("method_not_allowed", 405, "This address does not take that method.", False)
    NOT_ACCEPTABLE = ("not_acceptable", 406, "None of the accepted content types is offered.", False)
    TIMEOUT = ("timeout", 408, "The request did not arrive in time.", True)
    CONFLICT = ("conflict", 409, "The state does not allow this.", False)
    ILLEGAL_TRANSITION = ("illegal_transition", 409, "What is in this state cannot become that.", False)
    IDEMPOTENCY = ("idempotency_conflict", 422, "This idempotency key was used for something else.", False)
    TOO_LARGE = ("too_large", 413, "The message is larger than the server takes.", False)
    UNSUPPORTED_MEDIA = ("unsupported_media_type", 415, "The server does not read this content type.", False)
    MISDIRECTED = ("misdirected", 421, "The server does not answer for this host name.", False)
    TOO_MANY = ("too_many", 429, "A limit is reached; wait and try again.", True)
    HEADERS_TOO_LARGE = (
        "headers_too_large",
        431,
        "The headers or the address are larger than the server takes.",
        False,
    )
    INTERNAL = ("internal", 500, "The server made a mistake.", True)
    NOT_SET_UP = ("not_set_up", 501, "The server was not set up for this.", False)
    UPSTREAM = ("upstream", 502, "What was asked on your behalf refused, failed or was not reached.", True)
    STORAGE = ("storage_unavailable", 503, "The log cannot take events now; nothing was stored.", True)
    OVERLOADED = ("overloaded", 503, "The server has too much to do.", True)
    SHUTTING_DOWN = ("shutting_down", 503, "The server restarts; try again after the delay it named.", True)

    def __init__(self, spelling: str, status: int, meaning: str, retry: bool) -> None:
        self.spelling = spelling
        self.status = status
        self.meaning = meaning
        self.retry = retry
