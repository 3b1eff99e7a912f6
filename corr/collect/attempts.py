"""What breaks costs its own rows, never the run: the reason becomes a `Problem`."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import collectors
import corr
from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line
from collectors.base.table import Problem

_T = TypeVar("_T")
#: What to do about an error that nobody thought of.
REPORT = (
    "`corr doctor` shows whether the tools are there and of one version; "
    "if they are, this is a mistake of corr's: report it with this line"
)
_LONGEST = 200
_PACKAGES = (Path(corr.__file__).parent, Path(collectors.__file__).parent)


def attempt(layer: str, where: str, job: Callable[[], _T]) -> _T | Problem:
    """What the job returns; or why it broke, as a problem of the layer at `where`.

    Only a full disk is raised: what it costs is not the layer's alone.
    """
    try:
        return job()
    except CorrError as error:
        return Problem(layer, where, error.message, error.fix)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        return Problem(layer, where, _unexpected(error), REPORT)


def _unexpected(error: Exception) -> str:
    """`broke off: JSONDecodeError at mca.py:91: Expecting value`."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if any(Path(f.filename).is_relative_to(p) for p in _PACKAGES)]
    at = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return one_line(f"broke off: {type(error).__name__}{at}: {error}", _LONGEST)
