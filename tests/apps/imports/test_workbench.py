"""What runs stand on: the rejects file of a disk that is full."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from headway.apps.imports.csv.detecting import detect
from headway.apps.imports.csv.reading import Reader
from headway.apps.imports.csv.reading import Row as Line
from headway.apps.imports.csv.schema import STANDARD
from headway.apps.imports.engine.interface import Fault, Options, Row
from headway.apps.imports.workbench import _Rejects, _Rows
from headway.errors import StorageError

_FULL = 4_096
ROWS = 60


def test_a_full_disk_stops_a_run_and_leaves_whole_rows(tmp_path: Path) -> None:
    """The run is told that nothing can be stored, and not that Headway made a mistake; when there is room again it goes
    on behind the last whole row, and has each once."""
    source = tmp_path / "users.csv"
    source.write_text("username,email\n" + "".join(f"user{number},{'x' * 100}\n" for number in range(ROWS)))
    format = detect(source)
    options = Options(target="sandbox", mapping={"username": "username", "email": "email"})
    path = tmp_path / "rejects.csv"
    rejects = _Rejects(path, "run", _Rows(source, format, ROWS, options, STANDARD, None))
    lines = list(Reader(source, format))
    fault = Fault("INVALID_VALUE", "email", "no address")
    rejects.cut(0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    written: list[int] = []

    def write(lines: list[Line]) -> None:
        for line in lines:
            rejects.write(Row(line.number, "", {}, (), "", line), fault)
            written.append(line.number)

    resource.setrlimit(resource.RLIMIT_FSIZE, (_FULL, hard))
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            write(lines)
        length, whole = rejects.length, len(written)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    write(lines[whole:])
    rejects.close()

    assert 0 < whole < ROWS
    assert 0 < length <= _FULL
    assert [row.cells[1] for row in Reader(path, detect(path))] == [str(number + 1) for number in range(ROWS)]
