"""What the compiler says against a new text of a file, before anything is built with it."""

from __future__ import annotations

import re
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.base.toolchain import Toolchain
from corr.optimize.variant import Variant
from corr.program.build import Builder, source_input

#: Seconds for the front end alone; a file of templates takes three.
TIME_LIMIT = 60


def errors(variant: Variant, path: Path, text: str, toolchain: Toolchain) -> list[int] | None:
    """Lines of the unit's source at which clang finds a fault; None where that is elsewhere."""
    changed = variant.with_text(path, text)
    unit = next((unit for unit in variant.program.units if unit.source == path), None)
    if unit is None:
        return None
    with scratch("idiom") as folder:
        builder = Builder(changed.program_in(folder), toolchain, folder)
        own = next(u for u in builder.program.units if u.source == path)
        try:
            done = process.run(
                [
                    *builder.argv(own),
                    "-w",
                    "-fsyntax-only",
                    "-fno-caret-diagnostics",
                    "-ferror-limit=40",
                    *source_input(own),
                ],
                cwd=own.directory,
                timeout=TIME_LIMIT,
            )
        except CorrError:
            return None
    if done.ok:
        return []
    said = done.stderr.decode("utf-8", "replace")
    # a fault inside the library is told with the place in the file that it is needed from
    places = re.findall(
        rf"^{re.escape(str(path))}:(\d+):\d+: (?:error|fatal error|note)", said, re.M
    )
    return sorted(set(map(int, places))) or None
