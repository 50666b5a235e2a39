"""The transcripts themselves: what they let pass and what they catch."""

import pytest

from headway.protocols.engineio import Engine, Profile
from headway.protocols.engineio_packets import Transport
from headway.testing.transcripts import EngineStage, Transcript, echo, nothing, play, received, sent, tick


def websocket() -> Transcript:
    """A session opened on a WebSocket, its open packet not named yet."""
    return play(EngineStage(Engine("s", Transport.WEBSOCKET, Profile(), 0.0), echo, opened=True))


def test_what_is_seen_and_not_named_fails_at_the_next_step() -> None:
    """A transcript leaves nothing out."""
    with pytest.raises(AssertionError, match="nobody expected"):
        websocket() >> received("4a")


def test_what_is_named_and_not_seen_fails() -> None:
    """Both something else and nothing at all."""
    with pytest.raises(AssertionError, match="expected"):
        websocket() << sent("4a")
    transcript = websocket()
    transcript.stage.seen.clear()

    with pytest.raises(AssertionError, match="saw nothing"):
        transcript << nothing() << sent("4a")


def test_a_tick_fires_the_timer_at_each_deadline_on_the_way() -> None:
    """A minute brings the ping after 25 s and the end after 45 s, each at its own moment."""
    transcript = websocket()
    transcript.stage.seen.clear()

    transcript >> tick(24) << nothing() >> tick(36)
    assert len(transcript.stage.seen) == 2
    assert transcript.stage.now == 60
