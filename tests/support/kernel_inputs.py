"""What the sample kernels compute from: the harness's numbers in numpy."""

import math

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def random(seed, stream, count):
    start = mix(np.array([(seed + stream * GOLDEN) & MASK], np.uint64))
    return mix(start + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN))


def fill_f64(seed, stream, shape, low=0.0, span=1.0):
    bits = random(seed, stream, math.prod(shape)) >> np.uint64(11)
    return (low + span * (bits.astype(float) * 2.0**-53)).reshape(shape)


def fill_i32(seed, stream, shape, low, span):
    bits = random(seed, stream, math.prod(shape)) % np.uint64(span)
    return (low + bits.astype(np.int64)).reshape(shape)


def matrices(n, seed, count):
    """The first streams, an n x n matrix each."""
    return [fill_f64(seed, stream, (n, n)) for stream in range(count)]


def dominant(n, seed):
    """A matrix with a dominant diagonal: n more than the elements beside it."""
    return fill_f64(seed, 0, (n, n)) + n * np.eye(n)
