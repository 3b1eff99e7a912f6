"""Whether `--swap` gives the difference of two builds to the function in which it was planted."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.experiments.planted import FILES, PLANTED, Planted, write

SECONDS, SHARE = 120, 0.8


def corr(folder: Path, *words: str) -> str:
    """What a command of corr prints."""
    done = subprocess.run(
        [sys.executable, "-m", "corr", *words], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"corr {' '.join(words)}: {done.stderr}")
    return done.stdout


def divided(planted: Planted, folder: Path) -> dict[str, Any]:
    """The difference that a planted change makes, divided by `corr diff --swap`."""
    for label, change in (("a", None), ("b", planted)):
        write(folder, change)
        corr(folder, "collect", *FILES, "--label", label, "--no-cachegrind", "--", "-O2")
    said = corr(folder, "diff", "a", "b", "--swap", f"--budget-time={SECONDS}", "--format=json")
    found: dict[str, Any] = json.loads(said)["swap"]
    return found


def judged(planted: Planted, swap: dict[str, Any]) -> list[str]:
    """What is wrong with a division: nothing where the planted function got it, and it alone."""
    whole, wrong, share = swap["whole"]["seconds"], [], 0.0
    for part in swap["parts"]:
        effect, functions = part["effect"], part["functions"]
        if part["kind"] == "file":
            continue
        if effect is None:
            wrong.append(f"{functions}: {part['why']}")
        elif planted.function in functions:
            share = effect["seconds"] / whole
        elif not effect["low"] <= 0 <= effect["high"]:
            wrong.append(
                f"{functions} has {effect['low']:+.4f} to {effect['high']:+.4f} s of {whole:+.4f}"
            )
    if share < SHARE:
        wrong.append(f"{planted.function} has {share:.0%} of {whole:+.4f} s {swap['why'] or ''}")
    asked = [p for p in swap["parts"] if p["kind"] != "file"]
    print(
        f"  {planted.function}: {share:.0%} of {whole:+.4f} s"
        f" ({whole / swap['seconds_a']:+.0%}); {len(asked)} parts",
        flush=True,
    )
    return wrong


def main() -> int:
    """Print a line a pair; how many are not as they must be."""
    print(f"corr diff --swap on {len(PLANTED)} pairs, one function changed in each")
    failed = 0
    for planted in PLANTED:
        with tempfile.TemporaryDirectory(prefix="swapped-") as name:
            wrong = judged(planted, divided(planted, Path(name)))
        failed += bool(wrong)
        print(*(f"    wrong: {one}" for one in wrong), sep="\n", end="\n" * bool(wrong), flush=True)
    print(f"{len(PLANTED) - failed} of {len(PLANTED)} as planted")
    return failed
