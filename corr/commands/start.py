"""`corr` alone: what is here, what it says first, and what to do next."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from corr.console.output import print_line


def start() -> None:
    """Say what the lake of this folder holds, and the commands that go on from there."""
    from collectors.base.errors import UsageError
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    try:
        lake = Lake.open(data_folder(None, load(Path.cwd())))
    except UsageError:
        runs = {}
    else:
        runs = {name: entry for name, entry in lake.listing().items() if entry is not None}
    kinds = {name: entry.facts["kind"].split()[0] for name, entry in runs.items()}
    aside = sorted({"search", "policy"} & set(kinds.values()))
    runs = {name: entry for name, entry in runs.items() if kinds[name] not in aside}
    if aside and not runs:
        print_line(f"Here: only what corr {' and corr '.join(aside)} wrote.")
        _next(("corr serve", "pages of it"), ("corr collect FILE.c", "look at a program"))
        return
    if not runs:
        print_line("No run here yet. Build, run and look at a program:")
        _next(("corr collect FILE.c", "your own, or gemm.c, which ships with corr"))
        return
    last = runs[list(runs)[-1]].facts.get("program")
    print_line(f"{len(runs)} run{'s' if len(runs) > 1 else ''} here; last: {last}")
    _first(lake)
    _next(
        ("corr explain", "what each hot place does with its time, and what would help"),
        ("corr hotspots", "every hot loop, with what each layer says of it"),
        ("corr report --open", "all of it on a page"),
        ("corr optimize", "let it look for something faster"),
    )


def _first(lake: object) -> None:
    """The first sentence of the last run, where it can be had."""
    from collectors.base.errors import CorrError
    from corr.findings.of_run import answers, of_run
    from corr.findings.sentences import folded
    from corr.lake.store import Lake

    assert isinstance(lake, Lake)
    try:
        found = answers(of_run(lake, lake.find("last")), 1)
    except CorrError:
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for finding in found:
        for line in folded(finding.sentence, width, "  ", "  "):
            print_line(line)


def _next(*commands: tuple[str, str]) -> None:
    print_line()
    for command, what in (*commands, ("corr --help", "every command")):
        print_line(f"  {command:<20} {what}")
