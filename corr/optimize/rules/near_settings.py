"""Settings near one that was good: other tiles for the caches, other numbers of a block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from corr.optimize.rules.leaf_settings import Setting


def tilings(setting: Setting, depth: int) -> Iterator[Setting]:
    """The setting with tiles for the caches: of the reused rows, then of all."""
    blocks = setting.blocks or (1,) * depth
    for sizes in _TILES.get(depth, ()):
        tiles = tuple(
            max(size, block) // block * block if size > 1 else 1
            for size, block in zip(sizes, blocks, strict=True)
        )
        if any(t > 1 for t in tiles):
            yield replace(setting, tiles=tiles)


#: By number of rows, outermost first; 1 is no tile. Sizes in elements.
_TILES = {
    2: ((1, 512), (64, 1), (64, 256), (32, 32)),
    3: (
        (1, 64, 256),
        (64, 64, 256),
        (128, 256, 256),
        (1, 256, 128),
        (32, 32, 32),
        (16, 64, 1),
        (8, 32, 1),
        (8, 64, 512),
        (16, 128, 512),
    ),
    4: ((1, 1, 64, 256), (8, 32, 32, 1), (16, 16, 16, 1), (4, 16, 64, 1)),
}


def neighbours(setting: Setting) -> Iterator[Setting]:
    """Settings that differ in one number."""
    depth = len(setting.order)
    blocks = list(setting.blocks or (1,) * depth)
    for at, size in enumerate(blocks):
        if at == setting.vector:
            for unroll in (setting.unroll - 1, setting.unroll + 1):
                if 1 <= unroll <= 4:
                    changed = [*blocks[:at], size // setting.unroll * unroll, *blocks[at + 1 :]]
                    yield replace(setting, blocks=tuple(changed), unroll=unroll)
        elif at < depth - 1:
            for other in (size // 2, size * 2, size + 2):
                if 1 <= other <= 16 and other != size:
                    yield replace(setting, blocks=(*blocks[:at], other, *blocks[at + 1 :]))
    yield from tilings(setting, depth)
