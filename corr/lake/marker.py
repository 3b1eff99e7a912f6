"""What makes a place a lake: a file that says which layout it has."""

from __future__ import annotations

import json
from pathlib import Path

from collectors.base.errors import CorrError
from corr.system.disk import write_whole

#: The lake's layout: 2 once runs have been compacted, which corr 0.1 could not read, else 1. A lake
#: with a higher number was written by a newer corr.
PLAIN, COMPACTED = 1, 2
NAME = "corr-lake.json"


def only_ours(root: Path) -> bool:
    """Nothing in the folder but what another process may be making a lake of at this moment."""
    return all(
        entry.name in ("runs", ".staging") or entry.name.startswith(f".{NAME}.")
        for entry in root.iterdir()
    )


def check(where: str, text: bytes) -> None:
    """Raise CorrError for a lake that this corr cannot read."""
    try:
        found = json.loads(text)["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise CorrError(f"{NAME} of {where} cannot be read", "is this a corr lake?") from error
    if not isinstance(found, int) or found > COMPACTED:
        raise CorrError(
            f"{where} was written by a newer corr (lake format {found}, this corr: {COMPACTED})",
            "upgrade corr, or name another folder with --data",
        )


def text_of(format: int) -> str:
    return json.dumps({"format": format, "what": "a corr lake"}) + "\n"


def write(marker: Path, format: int) -> None:
    write_whole(marker, text_of(format))
