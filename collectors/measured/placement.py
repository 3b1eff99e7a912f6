"""Where a program lies in memory: in other pages for each run that is timed."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

#: Bytes of a program beyond which a copy costs more than it tells.
LARGEST = 64 << 20


def laid_anew(program: Path) -> None:
    """Put a copy of a program in its place, which the system keeps in other pages.

    As long as a file is cached, each run of it has the same pages. Of sixteen identical copies of
    LULESH two took 23 % more time in every run (of eighty more, later, none): two files that are
    timed in turn may differ by that, and no number of pairs would tell. With other pages for each
    run it is noise. Only for programs that corr has made.
    """
    beside = program.with_name(f"{program.name}.anew")
    with contextlib.suppress(OSError):
        if program.is_symlink() or program.stat().st_size > LARGEST:
            return
        try:
            shutil.copy2(program, beside)
            os.replace(beside, program)
        finally:
            beside.unlink(missing_ok=True)
