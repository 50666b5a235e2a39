"""A script whose progress anybody can watch: `headway serve`, `python report_from_script.py`, and open what it prints.

Without a server it says so once, and does its work all the same. Pause and cancel it from the page: the loop follows.
"""

from __future__ import annotations

import time

import headway

FILES = {"customers.csv": 40, "orders.csv": 120, "invoices.csv": 80}


def main(files: dict[str, int]) -> None:
    """Work through the rows of the files, and say so."""
    with headway.task("Nightly import") as task:
        print(task.url or "nobody watches", flush=True)
        for name, rows in files.items():
            # A part with numbers of its own; the task shows the sum of all parts.
            with task.child(name, total=rows, unit="rows") as part:
                for row in part.track(range(1, rows + 1), outcome="created"):
                    time.sleep(0.005)  # the work
                    if row % 50 == 0:
                        part.log(f"{name}: {row} rows")


if __name__ == "__main__":
    main(FILES)
