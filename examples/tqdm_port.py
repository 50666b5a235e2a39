"""A script with tqdm, of which one line was changed: `headway serve`, then `python tqdm_port.py`.

Its bars can be watched at the server's page, or with `headway watch tasks`. HEADWAY_URL names another server.
"""

from __future__ import annotations

import time

from headway.tqdm import tqdm  # from tqdm import tqdm

FILES = {"customers.csv": 40, "orders.csv": 120, "invoices.csv": 80}


def main() -> None:
    """Work through the files, row by row."""
    with tqdm(FILES.items(), desc="Import", unit="files") as files:
        for name, rows in files:
            files.set_postfix(file=name)
            for _ in tqdm(range(rows), desc=name, unit="rows", leave=False):
                time.sleep(0.01)  # the work
            tqdm.write(f"{name}: {rows} rows")


if __name__ == "__main__":
    main()
