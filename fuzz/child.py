"""One target in a process of its own: `python -m fuzz.child TARGET --seconds 60 --memory 1024 --folder DIR`.

Here alone the fuzzer is known: atheris, libFuzzer with the lines and comparisons of Python. It ends by itself when the
time is over, and at the first finding, whose input it leaves in the folder. `trial.py` starts it and reads what it
says.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import atheris

__all__ = ["main"]

_LONGEST: Final = 8_192
"""Bytes of one input. What is larger than this and matters, the targets make of smaller inputs."""
_PATIENCE: Final = 5
"""How long short inputs are tried before longer ones, from 0 to 100. The default, 100, is for programs that take a
hundred thousand inputs a second; at a thousand, ten minutes would be over before an input has 100 bytes."""
_CPU_SECONDS: Final = 2.0
"""Of one input: a hundred times what the slowest seed takes. Counted for this thread, so that it does not matter how
busy the machine is."""
_HANG_SECONDS: Final = 60
"""After which an input hangs, for good: by the clock, however busy the machine is."""


class TooSlow(Exception):
    """An input took more of the processor than any input should."""


def main() -> None:
    """Feed the target until the time is over or something is found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.child")
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--memory", type=int, required=True, help="MiB of addresses")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with atheris.instrument_imports(include=["headway"]):
        from fuzz.targets import TARGETS
    target = TARGETS[options.target]
    corpus = options.folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number:02}").write_bytes(seed)
    bytes_of_memory = options.memory * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (bytes_of_memory, bytes_of_memory))
    arguments = [
        sys.argv[0],
        f"-max_total_time={options.seconds}",
        f"-max_len={_LONGEST}",
        f"-len_control={_PATIENCE}",
        f"-timeout={_HANG_SECONDS}",
        f"-rss_limit_mb={options.memory}",
        f"-artifact_prefix={options.folder}/finding-",
        f"-seed={options.seed}",
        "-print_final_stats=1",
        "-verbosity=1",
        str(corpus),
    ]
    atheris.Setup(arguments, _timed(target.check))
    atheris.Fuzz()


def _timed(check: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def one(data: bytes) -> None:
        began = time.thread_time()
        check(data)
        spent = time.thread_time() - began
        if spent > _CPU_SECONDS:
            raise TooSlow(f"an input of {len(data)} bytes took {spent:.1f} s")

    return one


if __name__ == "__main__":
    main()
