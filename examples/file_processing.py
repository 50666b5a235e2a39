"""A job that works through a folder and writes down the SHA-256 of every file: `sha256sum -c SHA256SUMS` then says what
has changed. It can be paused and cancelled; killed, it goes on where it was, and no file stands there twice.

headway serve --jobs examples.file_processing            then, elsewhere:
headway task run process-files --arg folder=/srv/scans --follow

People who watch the task see its progress anyway. Beside it, the job tells a page of yours in words that the page
knows: `processing_progress {progress, eta, current_file}`, `processing_error {error}` and `processing_complete`, on the
channel `processing`. They are published as from any other program, to the server at HEADWAY_URL.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import BinaryIO

from headway.client.sync import Client, connect
from headway.tasks.jobs import Jobs
from headway.tasks.work import ThreadWork

SUMS = "SHA256SUMS"

jobs = Jobs()


@jobs.job("process-files", title="Process files", retries=1)
def process_files(work: ThreadWork, folder: str, channel: str = "processing") -> dict[str, int]:
    """Write down the checksum of each file below a folder of this machine."""
    place = Path(folder)
    if not place.is_dir():
        raise ValueError(f"there is no folder {folder}")
    files = sorted(path for path in place.rglob("*") if path.is_file() and path != place / SUMS)
    work.update(total=len(files))
    with (
        connect(
            os.environ.get("HEADWAY_URL", "http://127.0.0.1:4000"), token=os.environ.get("HEADWAY_TOKEN")
        ) as client,
        (place / SUMS).open("ab") as sums,
    ):
        # What an attempt before this one wrote behind its last checkpoint is written again: cut it off. To be sure even
        # when the power goes, `os.fsync` the file before each checkpoint.
        sums.truncate(work.checkpoint.get("size", 0))
        sums.seek(0, os.SEEK_END)
        story = Story(work, client, channel, len(files))
        for number in range(work.checkpoint.get("next", 0), len(files)):
            work.point()  # pauses and ends here
            story.reached(number, shown(files[number], place))
            process(work, story, sums, files[number], place)
            work.checkpoint = {"next": number + 1, "size": sums.tell()}
            work.save(every=0.5)
        story.ended(dict(work.counts))
    return dict(work.counts)


def process(work: ThreadWork, story: Story, sums: BinaryIO, file: Path, place: Path) -> None:
    """One file."""
    name = shown(file, place)
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        story.failed(name, f"{name}: {error.strerror}")
        work.item(name, "failed", error.strerror)  # counts it
        work.advance(current=name)
        return
    sums.write(f"{digest}  ".encode() + os.fsencode(file.relative_to(place)) + b"\n")
    sums.flush()
    work.advance(outcome="processed", current=name)


def shown(file: Path, place: Path) -> str:
    """A file's name for people: not every name is text."""
    return os.fsencode(file.relative_to(place)).decode(errors="replace")


class Story:
    """What the page is told."""

    def __init__(self, work: ThreadWork, client: Client, channel: str, total: int) -> None:
        self._work = work
        self._client = client
        self._channel = channel
        self._total = total
        self._begun = self._told = time.monotonic()
        self._first: int | None = None

    def reached(self, number: int, name: str) -> None:
        """Four times a second is as often as anybody reads it."""
        now = time.monotonic()
        if self._first is None:
            self._first = number
        elif now - self._told < 0.25:
            return
        self._told = now
        done = number - self._first
        left = "…" if not done else spelled((now - self._begun) / done * (self._total - number))
        self._progress(100 * number // self._total, left, name)

    def failed(self, name: str, reason: str) -> None:
        """Each file has a key, the same in every attempt: however often it is tried, the page hears of it once."""
        key = self._work.key(f"failed/{name}")
        self._client.publish(self._channel, "processing_error", {"error": reason}, idempotency_key=key)

    def ended(self, counts: dict[str, int]) -> None:
        """The last progress has a key: who comes late sees that it is over. The end has none: it reaches everybody."""
        self._progress(100, "done", "")
        key = self._work.key("complete")
        self._client.publish(self._channel, "processing_complete", {"counts": counts}, idempotency_key=key)

    def _progress(self, percent: int, left: str, name: str) -> None:
        data = {"progress": percent, "eta": left, "current_file": name}
        self._client.publish(self._channel, "processing_progress", data, key="progress")


def spelled(seconds: float) -> str:
    """A time for people."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
