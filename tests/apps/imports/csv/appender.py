"""A process that writes rejects until it is killed. Run by `test_rejects`:

python -m tests.apps.imports.csv.appender FILE    prints the row and the durable length after every few rows
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from headway.apps.imports.csv.problems import Problem
from headway.apps.imports.csv.reading import Row
from headway.apps.imports.csv.rejects import Rejects


def row(number: int) -> Row:
    """A row that says which one it is, over two lines."""
    return Row(number, number, 0, [f"user{number}", f"=cmd|\n{number}"], None, 0, 1)


def main() -> None:
    """Write for ever."""
    rejects = Rejects(Path(sys.argv[1]), ("username", "note"))
    for number in itertools.count(1):
        rejects.write(row(number), [Problem("INVALID_VALUE", "note", "bad")], f"id-{number}")
        if number % 7 == 0:
            print(number, rejects.sync(), flush=True)


if __name__ == "__main__":
    main()
