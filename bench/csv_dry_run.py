"""Rows a second and memory of a dry run: read, mapped, validated, and compared with every username before.

python -m bench.csv_dry_run --rows 1000000

read       rows taken apart, with their places             csv      the standard library's reader on the same file alone
dry run    all of it, as before an import

One row in a thousand is invalid, one in a thousand a duplicate, and the counts have to be exactly that. Memory is the
process's own peak; the file is written by another process.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.places import BUILD
from headway.apps.imports.csv.building import Builder
from headway.apps.imports.csv.checking import Checker
from headway.apps.imports.csv.detecting import detect
from headway.apps.imports.csv.duplicates import Usernames
from headway.apps.imports.csv.mapping import propose
from headway.apps.imports.csv.planning import plan
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.validating import Validator

__all__ = ["main"]

_HEADER: Final = (
    "username,email,First Name,Last Name,primaryPhone,mobilePhone,enabled,title,address.locality,address.countryCode"
)
_EVERY: Final = 1_000


def main() -> None:
    """Write the file, measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.csv_dry_run", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=BUILD)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "users.csv"
        writing = multiprocessing.get_context("spawn").Process(target=_write, args=(path, options.rows))
        writing.start()
        writing.join()
        print(f"{options.rows:,} rows, {path.stat().st_size / 2**20:,.0f} MB")
        for name, run in (("csv", _csv), ("read", _read), ("dry run", _dry_run)):
            _measure(name, options.rows, run, path)


def _measure(name: str, rows: int, run: Callable[[Path, int], None], path: Path) -> None:
    began = time.perf_counter()
    run(path, rows)
    elapsed = time.perf_counter() - began
    print(f"{name:10}{rows / elapsed:12,.0f} rows/s{elapsed:9.1f} s   peak {_peak():6.1f} MB")


def _peak() -> float:
    """Of this program alone: what the kernel reports for a child begins with its parent's."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (2**20 if sys.platform == "darwin" else 2**10)
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10


def _write(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{_HEADER}\n")
        for number in range(rows):
            country = "gb" if number % _EVERY == 1 else "GB"
            name = f"USER{number - _EVERY + 500}" if number % _EVERY == 999 else f"user{number}"
            file.write(
                f'{name},user{number}@example.com,Zoë,"Lovelace, {number}",+44 20 {number},+44 77 {number},'
                f"true,Engineer,London,{country}\n"
            )


def _csv(path: Path, rows: int) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        _expect(sum(1 for _ in csv.reader(file)), rows + 1)


def _read(path: Path, rows: int) -> None:
    _expect(sum(1 for _ in Reader(path, detect(path))), rows)


def _dry_run(path: Path, rows: int) -> None:
    format = detect(path)
    builder = Builder(propose(format.header).mapping, format.header)
    found = plan(Checker(builder, Validator(), Usernames()).checked(Reader(path, format)))
    spoiled = (rows + _EVERY - 2) // _EVERY, rows // _EVERY
    _expect((found.total, found.invalid, found.duplicates), (rows, *spoiled))


def _expect(found: object, expected: object) -> None:
    if found != expected:
        raise SystemExit(f"expected {expected}, found {found}")


if __name__ == "__main__":
    main()
