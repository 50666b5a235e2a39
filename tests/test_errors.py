"""The tree of errors."""

from __future__ import annotations

import pytest

from headway import errors
from headway.codes import Code
from headway.errors import HeadwayError

EVERY = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("error", EVERY)
def test_an_error_says_its_sentence(error: type[HeadwayError]) -> None:
    """Every error has a sentence, the code of its kind, and details that are empty unless given."""
    raised = error("it went wrong")

    assert str(raised) == raised.message == "it went wrong"
    assert raised.code is error.default
    assert raised.details == {}


def test_an_error_can_be_more_precise() -> None:
    """A code and details of its own replace those of its kind."""
    raised = errors.PeerError("too much", code=Code.TOO_LARGE, details={"limit": 5})

    assert (raised.code, raised.details) == (Code.TOO_LARGE, {"limit": 5})


def test_the_tree_in_the_docstring() -> None:
    """The tree at the top of the file names every error, each below its parent."""
    tree = errors.__doc__ or ""
    parents: dict[int, str] = {}
    for line in tree.splitlines():
        name = line.strip("│├└─ ").split(" ")[0]
        if name not in errors.__all__:
            continue
        depth = line.index(name)
        parent = parents.get(depth - 4)
        parents[depth] = name
        assert [base.__name__ for base in getattr(errors, name).__bases__] == [parent or "Exception"]

    assert all(name in tree for name in errors.__all__)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidEvent, 400),
        (errors.InvalidChannel, 400),
        (errors.PeerError, 400),
        (errors.Conflict, 409),
        (errors.Overloaded, 503),
        (errors.StorageError, 503),
        (errors.Closed, 503),
        (HeadwayError, 500),
    ],
)
def test_an_error_has_a_status(error: type[HeadwayError], status: int) -> None:
    """The code of each kind is answered with the status that says whose fault it was."""
    assert error.default.status == status
