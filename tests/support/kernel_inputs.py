"""What the sample kernels compute from: the harness's numbers in numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def mix(z: Array) -> Array:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = z ^ (z >> np.uint64(31))
    return mixed


def random(seed: int, stream: int, count: int) -> Array:
    start = mix(np.array([(seed + stream * GOLDEN) & MASK], np.uint64))
    return mix(start + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN))


def fill_f64(
    seed: int, stream: int, shape: tuple[int, ...], low: float = 0.0, span: float = 1.0
) -> Array:
    bits = random(seed, stream, math.prod(shape)) >> np.uint64(11)
    return (low + span * (bits.astype(float) * 2.0**-53)).reshape(shape)


def fill_i32(seed: int, stream: int, shape: tuple[int, ...], low: int, span: int) -> Array:
    bits = random(seed, stream, math.prod(shape)) % np.uint64(span)
    return (low + bits.astype(np.int64)).reshape(shape)


def matrices(n: int, seed: int, count: int) -> list[Array]:
    """The first streams, an n x n matrix each."""
    return [fill_f64(seed, stream, (n, n)) for stream in range(count)]


def dominant(n: int, seed: int) -> Array:
    """A matrix with a dominant diagonal: n more than the elements beside it."""
    return fill_f64(seed, 0, (n, n)) + n * np.eye(n)
