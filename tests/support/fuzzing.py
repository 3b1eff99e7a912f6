"""The loop of a fuzzer that makes a program of a number, and looks whether it does the same anew."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Batch(Protocol):
    """Programs made of one number: what they are, and the first one that is wrong."""

    counts: Counter[str]

    def check(self, folder: Path, *flags: str) -> str | None: ...


def fuzz(
    about: str | None,
    keep: str,
    made: Callable[[int], Batch],
    flags: Callable[[int], tuple[str, ...]],
) -> int:
    """Batches for as long as the command line says; 1 if one was wrong. Its program is kept."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path(keep))
    options = parser.parse_args()
    end, seed, failures = time.monotonic() + options.seconds, options.seed, 0
    counts: Counter[str] = Counter()
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            batch = made(seed)
            try:
                wrong = batch.check(Path(folder), *flags(seed))
            except Exception as error:  # whatever it is, it is one
                wrong = f"{type(error).__name__}: {error}"
            counts += batch.counts
        if wrong is not None:
            failures += 1
            options.keep.mkdir(exist_ok=True)
            (options.keep / f"{seed}.c").write_text(wrong)
            print(f"seed {seed}: see {options.keep / f'{seed}.c'}", file=sys.stderr)
        seed += 1
    print(dict(counts), f"batches {seed - options.seed} failures {failures}")
    return 1 if failures else 0
