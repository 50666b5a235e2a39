"""What is said."""

from __future__ import annotations

import pytest

from headway.apps.monitor.alerts.messages import Words, gathered, single, words_of
from headway.apps.monitor.alerts.rules import Kind


def test_one_alert_stays_as_it_is() -> None:
    """Also in a digest of one."""
    words = Words("Shop is down", "it answers 500")

    assert gathered([(Kind.BEGAN, words, "key")]) == single(Kind.BEGAN, words, "key")


def test_many_are_one_message_of_the_worst_of_them() -> None:
    """Those that are too many are counted; the keys are all there."""
    alerts = [
        (Kind.ENDED if number else Kind.WARNING, Words(f"App {number}", "a\nb"), f"k{number}") for number in range(45)
    ]
    message = gathered(alerts)

    assert (message.title, message.severity) == ("45 alerts", "warning")
    assert message.body.splitlines()[0] == "App 0: a · b"
    assert message.body.splitlines()[-1] == "and 5 more"
    assert len(message.keys) == 45


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_has_words(kind: Kind) -> None:
    """With a moment, and with what is known."""
    words = words_of(kind, "Shop", 1_700_000_000.0, "what   is\nknown", since=1_699_999_000.0, days=1)

    assert words.title
    assert words.body == "what is known\n2023-11-14 22:13:20 UTC"


def test_what_others_say_is_cut() -> None:
    """An application that fails may say a lot."""
    assert len(words_of(Kind.BEGAN, "Shop", 0.0, "x" * 10_000).body) < 600
