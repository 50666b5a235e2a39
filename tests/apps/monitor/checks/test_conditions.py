"""Conditions of one line: what they ask, and what is refused when it is written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.checks.conditions import Condition
from headway.apps.monitor.checks.measured import Measured
from headway.errors import UsageError

BODY = {
    "status": "UP", "empty": "", "nothing": None, "count": 7, "load": 0.75, "large": 10_000_000, "yes": True,
    "items": [{"id": 1, "tags": ["a", "b"]}, {"id": 2}], "grid": [[1, 2], [3]], "name": {"first": "jürgen"},
    "text": "a/b\nc",
}  # fmt: skip
ANSWER = Measured(
    status=200,
    address="10.1.2.3",
    connected=True,
    response_time_ms=250.9,
    certificate_ms=72 * 3_600_000,
    dns_rcode="NOERROR",
    headers={"content-type": "application/json"},
    body=json.dumps(BODY).encode(),
)


def _holds(text: str, measured: Measured = ANSWER) -> bool:
    return Condition.of(text).holds(measured)


@pytest.mark.parametrize(
    "text",
    [
        "[STATUS] == 200",
        "[STATUS]==200",
        "200 == [STATUS]",
        "[status] < 300",
        "[STATUS] <= 200",
        "[STATUS] >= 0xc8",
        "[STATUS] != 500",
        "[STATUS] == any(200, 429)",
        "any(200, 429) == [STATUS]",
        "[STATUS] == pat(2*)",
        "[RESPONSE_TIME] < 300",
        "[RESPONSE_TIME] < 1s",
        "[RESPONSE_TIME] <= 250",
        "[CERTIFICATE_EXPIRATION] > 48h",
        "[CERTIFICATE_EXPIRATION] < 72h0m1s",
        "[CONNECTED] == true",
        "[IP] == pat(10.*)",
        "[IP] == 10.1.2.3",
        "[DNS_RCODE] == NOERROR",
        "[HEADER].Content-Type == pat(*json*)",
        "has([HEADER].X-Missing) == false",
        "[BODY].status == UP",
        "[BODY].status != DOWN",
        "[BODY].missing != UP",
        "[BODY].count == 7",
        "[BODY].count > 6.5",
        "[BODY].load < 1",
        "[BODY].load == 0.75",
        "[BODY].large == 10000000",
        "[BODY].yes == true",
        "[BODY].items[0].id == 1",
        "[BODY].items[1].id >= 2",
        "[BODY].items[0].tags[1] == b",
        "[BODY].grid[1][0] == 3",
        "[BODY].name.first == pat(j?rgen)",
        "[BODY].text == pat(a*c)",
        "[BODY] == pat(*UP*)",
        "len([BODY].items) == 2",
        "len([BODY].status) == 2",
        "len([BODY].name.first) == 7",
        "len([BODY]) == 11",
        "has([BODY].status) == true",
        "has([BODY].empty) == true",
        "has([BODY].nothing) == false",
        "has([BODY].items[5]) == false",
        "has([BODY].status.deeper) == false",
        "[BODY].status == [BODY].status",
        "[BODY].status == any(DOWN, UP)",
    ],
)
def test_a_condition_that_holds(text: str) -> None:
    """Each placeholder, function and operator; and with `==` and `!=` changed over it does not."""
    assert _holds(text)
    if " == " in text:
        assert not _holds(text.replace(" == ", " != "))


@pytest.mark.parametrize(
    "text",
    [
        "[STATUS] == 201",
        "[STATUS] > 200",
        "[RESPONSE_TIME] > 1m",
        "[BODY].status < 5",  # not a number: never less, and never more
        "[BODY].status > 5",
        "[BODY].missing == UP",
        "[BODY].missing < 5",
        "[BODY].items == 2",
        "[BODY].status == pat(up)",
        "[BODY].status == any(up, Down)",
        "[IP] == pat(10.1)",
        "len([BODY].missing) < 1",
    ],
)
def test_a_condition_that_does_not_hold(text: str) -> None:
    """What differs, what is absent, and what cannot be compared."""
    assert not _holds(text)


@pytest.mark.parametrize("body", [b"", b"no json", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_has_nothing_inside(body: bytes) -> None:
    """No body breaks a condition: there is nothing at the end of any way."""
    measured = Measured(status=200, body=body)

    assert not _holds("[BODY].a == 1", measured)
    assert _holds("has([BODY].a) == false", measured)
    assert not _holds("[CERTIFICATE_EXPIRATION] > 1h", measured)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no operator"),
        ("[STATUS]", "no operator"),
        ("[STATUS] = 200", "no operator"),
        ("[STATUS] == ", "one side is empty"),
        ("== 200", "no operator"),
        ("[STATSU] == 200", r"\[STATSU\] is nothing that is measured; there are \[STATUS\]"),
        ("STATUS == 200", "neither side is measured"),
        ("200 == 200", "neither side is measured"),
        ("[STATUS] == ok", "is a number, never 'ok'"),
        ("[STATUS] < fast", "neither a number nor a time"),
        ("[RESPONSE_TIME] < 300 ms", "neither a number nor a time"),
        ("[STATUS].a == 1", "'.a' is too much"),
        ("[CONNECTED] == yes", "is true or false, never 'yes'"),
        ("[CONNECTED] > 1", "is no number"),
        ("has([BODY].a) == 1", "is true or false, never '1'"),
        ("has([BODY].a) > 0", "is no number"),
        ("[STATUS] < any(1, 2)", "pat and any go with == and !="),
        ("[BODY].a == pat([a", "is not closed|ends within a set"),
        ("[BODY].a == pat([z-a])", "is no range"),
        ("len([BODY].a == 1", "bracket is not closed|nothing that is measured"),
        ("len(5) == 1", "'5' is nothing that is measured"),
        ("[BODY].a..b == 1", "is no path"),
        ("[BODY].a[x] == 1", "is no path"),
        ("[BODY].a[*].b == 1", r"\[\*\] is not known here"),
        ("[HEADER] == a", "followed by the name"),
        ("[DOMAIN_EXPIRATION] > 48h", "registration of a domain is not looked up"),
        ("[CONTEXT].a == 1", "has no context"),
        ("age([BODY].t) < 1h", r"age\(\) is not known"),
        ("[STATUS] == 200 " + "x" * 1_000, "longer than 1000"),
    ],
)
def test_a_wrong_condition_is_refused_when_it_is_written(text: str, words: str) -> None:
    """With a sentence that says what is wrong, and the condition in it."""
    with pytest.raises(UsageError, match=words) as error:
        Condition.of(text)
    assert str(error.value).startswith("condition '")


def test_a_failed_condition_shows_what_was_measured() -> None:
    """As Gatus does it, the measured stands in brackets, and is bounded."""
    assert Condition.of("[STATUS] == 500").shown(ANSWER) == "[STATUS] (200) == 500"
    assert Condition.of("[BODY].missing == a").shown(ANSWER) == "[BODY].missing (nothing) == a"
    long = Measured(body=b"x" * 10_000)
    assert len(Condition.of("[BODY] == any(a, b)").shown(long)) < 120


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever is written is a condition or refused, and a condition can be asked and shown."""
    for written in (text, f"[BODY]{text} == 1", f"[STATUS] == {text}", f"len({text}) > 1", f"[BODY].a == pat({text})"):
        try:
            condition = Condition.of(written)
        except UsageError:
            continue
        condition.holds(ANSWER)
        condition.shown(ANSWER)
