"""All that is fed. The fuzzer imports this package last, so that it can watch every line of Headway."""

from __future__ import annotations

from typing import Final

from fuzz.target import Target
from fuzz.targets import access, application, engineio, socketio, stream, websocket, words

__all__ = ["TARGETS"]

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for module in (websocket, engineio, socketio, stream, words, access, application)
    for target in module.TARGETS
}
"""By name."""
