"""`corr` and `python -m corr`: what only a process of corr's own may do to itself.

Who calls `corr.cli.main` in a process of theirs, a test or a notebook, finds it as it was.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn


class _WithoutPandas:
    """Hides pandas from pyarrow, which imports it (0.3 s) at the first array where it can.

    (A None in sys.modules does not: pyarrow takes it for the module.)
    """

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("no command of corr needs pandas", name=name)


def run() -> NoReturn:
    """Run the command line that this process was started with."""
    sys.meta_path.insert(0, _WithoutPandas())
    # tables of a million rows are built of objects that live: looking for garbage among them takes
    # a tenth of the time, and there is none
    gc.set_threshold(100_000, 20, 100)

    from corr.cli import main

    try:
        try:
            main()
        finally:
            if not sys.stdout.closed:  # as a server of an editor leaves it
                sys.stdout.flush()
    except BrokenPipeError:
        # the reader has seen enough; Python would complain when it flushes stdout at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit()


if __name__ == "__main__":
    run()
