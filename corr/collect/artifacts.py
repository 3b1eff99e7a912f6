"""Keep what the tools wrote beside the tables that were made from it, large texts compressed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

#: Text artifacts from this size (bytes) on are stored as zstd.
COMPRESS_FROM = 1 << 20
_TEXTS = frozenset({".yaml", ".ll", ".json", ".s", ".txt"})
_BLOCK = 4 << 20


def compress(folder: Path) -> None:
    """Replace each large text below `folder` by `<name>.zst`."""
    large = [
        path
        for path in folder.iterdir()
        if path.suffix in _TEXTS and path.stat().st_size >= COMPRESS_FROM
    ]
    with ThreadPoolExecutor() as pool:
        list(pool.map(_compress, large))


def _compress(path: Path) -> None:
    target = path.with_name(path.name + ".zst")
    with path.open("rb") as source, pa.output_stream(str(target), compression="zstd") as out:
        while block := source.read(_BLOCK):
            out.write(block)
    path.unlink()
