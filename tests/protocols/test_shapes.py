"""The messages as data are those of the table."""

from __future__ import annotations

from headway.errors import HeadwayError
from headway.positions import Gap, GapReason, Position
from headway.protocols import stream
from headway.protocols.shapes import event_shape, shapes


def test_a_request_has_its_fields() -> None:
    """A field may be missing, and of two there may be one."""
    subscribe, publish = shapes().asked["subscribe"], shapes().asked["publish"]

    assert subscribe.fields == {"channel": False, "since": True, "batch": True, "ack": True}
    assert publish.either == ("event", "events")


def test_every_request_that_is_understood_is_there() -> None:
    """What `parse` takes for a command of a client that speaks the native protocol has a shape, and nothing else."""
    commands = (stream.Subscribe, stream.Unsubscribe, stream.Publish, stream.Ack, stream.Auth, stream.Ping)

    assert list(shapes().asked) == [command.__name__.lower() for command in commands]


def test_each_request_has_its_answers() -> None:
    """Answers stand beside the request, in one line or in two; an acknowledgement has none."""
    assert shapes().answers["auth"] == ("auth_success", "auth_failed")
    assert shapes().answers["ack"] == ()
    assert set(shapes().answers) == set(shapes().asked)


def test_what_is_written_is_in_the_table() -> None:
    """The functions that write messages write the fields of their shape."""
    gap = Gap("c", Position("e", 1), Position("e", 2), GapReason.TRIMMED)
    error = HeadwayError("no", details={"field": "x"})

    assert set(stream.gap_fields(gap, ())) - {"type"} == set(shapes().told["gap"].fields)
    assert set(stream.error_fields(error)) == set(shapes().told["error"].fields)
    assert event_shape().fields["key"] is True
