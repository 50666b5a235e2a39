"""A page of HTML without a browser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.apps.monitor.logins.markup import parsed, selector

_PAGE = """<!doctype html><html><head><title>T</title><base href="/app/"></head><body class="a b">
<script>document.write('<p id=written>')</script><form><input name=q></form>
<form action=in method=POST><input type=hidden name=csrf value="a&amp;b"><input name=user value=old>
<input type=email name=mail><input type=password name=pw><input type=checkbox name=stay>
<input type=checkbox name=on checked><input type=radio name=r value=1><input type=radio name=r value=2 checked>
<input name=off disabled value=1><input type=file name=f><textarea name=t></textarea>
<button type=button name=b>B</button><button name=go value=1>Go</button><button name=no value=2>No</button>
</form><div id=x style="display: none">Secret</div><p data-x="1 2">Hel<b>lo</b>
 you</p></body></html>"""


def test_a_form_is_sent_as_a_browser_would() -> None:
    """Hidden fields, ticks and the first button go along; what is disabled, unticked or another button does not."""
    form = parsed(_PAGE).forms[1]
    username = form.username()

    assert (form.action, form.method) == ("in", "post")
    assert form.values() == {
        "csrf": "a&b", "user": "old", "mail": "", "pw": "", "on": "on", "r": "2", "t": "", "go": "1"
    }  # fmt: skip
    assert username is not None
    assert username.attributes["name"] == "mail"
    assert form.password is not None
    assert parsed(_PAGE).forms[0].password is None


def test_what_can_be_read_is_text() -> None:
    """Scripts and the head are not read, and words are not torn apart."""
    page = parsed(_PAGE)

    assert "Hello" in page.text
    assert "write" not in page.text
    assert "T" not in page.text.split()
    assert (page.base, page.asks) == ("/app/", True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("body.a.b", True), ("body.c", False), ("#x", False), ("[name=csrf]", False), ("[data-x='1 2']", True),
        ("p[data-x]", True), ("b", True), ("#written", False), ("name=user", True), ("css=INPUT[name=user]", True),
    ],
)  # fmt: skip
def test_compound_selectors_are_understood(text: str, shown: bool) -> None:
    """An element is shown where one fits that does not say that it is hidden."""
    assert parsed(_PAGE).shows(selector(text)) is shown


@pytest.mark.parametrize("text", ["", "form input", "a > b", "a:hover", "*", "//p", "text=Hello", "a, b"])
def test_what_needs_a_browser_is_refused(text: str) -> None:
    """The sentence says what can be written in its place."""
    with pytest.raises(ValueError, match="without a browser"):
        selector(text)


@given(st.text(alphabet="<>/ab=\"' !-?&;formscriptbody"))
def test_no_page_is_an_error(text: str) -> None:
    """Whatever a server sends is read."""
    assert parsed(text).text is not None
