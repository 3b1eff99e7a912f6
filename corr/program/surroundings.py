"""What a program is given beside its arguments: the content of its input, the environment."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from corr.program.model import Run

#: Variables of the environment that change what a program does or how fast; no others are recorded.
_TELLING = re.compile(
    r"^(OMP_|KMP_|GOMP_|MKL_|OPENBLAS_|BLIS_|MALLOC_|LC_)\w*$"
    r"|^(GLIBC_TUNABLES|LD_PRELOAD|LD_LIBRARY_PATH|LANG|TZ)$"
)
#: Bytes of a file from which on its content is not read for this.
LARGEST = 256 << 20


def telling_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of an environment that change how fast programs are."""
    return {n: v for n, v in sorted(environment.items()) if _TELLING.match(n)}


def inputs(run: Run) -> dict[str, str]:
    """The hash of standard input and of each file that an argument names."""
    found = {}
    if run.stdin is not None and (content := _hash(run.stdin)):
        found["standard input"] = content
    folder = run.directory or Path.cwd()
    for argument in run.args:
        if argument and (content := _hash(folder / argument)):
            found[argument] = content
    return found


def _hash(path: Path) -> str | None:
    """The hash of a file's content in hexadecimal; None where it is none, or too large."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
