"""The bounds, and how they have to stand to one another."""

from __future__ import annotations

import ast
import dataclasses
import inspect

import pytest

from headway import limits
from headway.limits import Limits, Retention
from headway.positions import Position, format_positions, parse_positions


@pytest.mark.parametrize("bounds", [Limits(), Retention()])
def test_every_bound_is_positive(bounds: Limits | Retention) -> None:
    """No bound is zero or negative; what is None is switched off."""
    for field in dataclasses.fields(bounds):
        value = getattr(bounds, field.name)
        assert value is None or value > 0


@pytest.mark.parametrize("kind", [Limits, Retention])
def test_every_number_is_argued(kind: type) -> None:
    """Beside each bound stands a sentence with its reason."""
    body = ast.parse(inspect.getsource(limits)).body
    (definition,) = (node for node in body if isinstance(node, ast.ClassDef) and node.name == kind.__name__)
    for bound, reason in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(bound, ast.AnnAssign):
            assert isinstance(reason, ast.Expr)
            assert isinstance(reason.value, ast.Constant)


def test_a_token_of_all_subscriptions_can_be_read() -> None:
    """A client that follows as many channels as it may comes back with a token that is not too long."""
    most = [Position(f"{i:012d}", 10**9) for i in range(Limits().subscriptions)]

    assert len(parse_positions(format_positions(most))) == len(most)


def test_heartbeats_come_before_proxies_cut() -> None:
    """A sign of life comes more often than the 30 s after which the strictest proxies cut."""
    bounds = Limits()

    assert bounds.heartbeat_seconds < 30
    assert bounds.stream_heartbeat_seconds < 30


def test_draining_fits_into_the_shutdown() -> None:
    """Everybody has been told to come back before the time to shut down is over."""
    assert Limits().drain_seconds < Limits().shutdown_seconds


def test_one_event_fits_everywhere() -> None:
    """An event as large as it may be is smaller than what one message and one channel may hold."""
    assert Limits().event_bytes <= Limits().message_bytes <= Limits().body_bytes
    assert Limits().event_bytes < Retention().bytes
