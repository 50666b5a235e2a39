"""Choosing a channel to examine with."""

from __future__ import annotations

import pytest

from headway.client.doctor.server import channel_for


@pytest.mark.parametrize(
    ("read", "publish", "chosen"),
    [
        (["*"], ["*"], ("doctor:x", True, True)),
        (["*"], [], ("doctor:x", True, False)),
        (["run:*"], ["run:*"], ("run:doctor-x", True, True)),
        (["run:*"], ["log:*"], ("run:doctor-x", True, False)),
        (["run:*:log"], ["run:*"], ("run:doctor-x:log", True, True)),
        (["a*b*c"], [], ("adoctor-xbc", True, False)),
        (["run:7"], ["run:7"], ("run:7", False, False)),
        (["run:7", "run:*"], ["run:7"], ("run:doctor-x", True, False)),
        (["a[1]", "a[*"], [], ("a[doctor-x", True, False)),
        ([], ["*"], (None, False, False)),
    ],
)
def test_a_channel_is_chosen_that_is_nobodys(
    read: list[str], publish: list[str], chosen: tuple[str | None, bool, bool]
) -> None:
    """The token has to let it be read, and if possible published to; somebody's own channel is only ever read."""
    assert channel_for(read, publish, "x") == chosen
