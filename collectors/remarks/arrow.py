"""Arrow arrays over numpy's memory.

pa.array() and np.asarray() do the same but import pandas wherever it is installed, which takes as
long as reading 50 MB of remarks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def integers(values: Ints, type: pa.DataType, missing: Mask | None = None) -> pa.Array:
    """An int32 or int64 array of the values, NULL where `missing`."""
    validity = None
    if missing is not None:
        validity = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    data = np.ascontiguousarray(values, np.int32 if type == pa.int32() else np.int64)
    return pa.Array.from_buffers(type, len(data), [validity, pa.py_buffer(data)])


def strings(texts: list[str]) -> pa.Array:
    """A string array."""
    parts = [text.encode() for text in texts]
    bounds = np.zeros(len(parts) + 1, np.int32)
    np.cumsum([len(part) for part in parts], out=bounds[1:])
    buffers = [None, pa.py_buffer(bounds), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(pa.string(), len(parts), buffers)


def coded(codes: Ints, texts: pa.Array, missing: Mask | None = None) -> pa.Array:
    """A dictionary-encoded array: texts[code] for every code, NULL where `missing`."""
    return pa.DictionaryArray.from_arrays(integers(codes, pa.int32(), missing), texts)


def slices(data: bytes | memoryview | pa.Buffer, bounds: Ints) -> pa.Array:
    """data[bounds[i]:bounds[i + 1]] for every i, binary, without a copy of data."""
    offsets = pa.py_buffer(np.ascontiguousarray(bounds, np.int32))
    return pa.Array.from_buffers(pa.binary(), len(bounds) - 1, [None, offsets, pa.py_buffer(data)])


def encode(array: pa.Array) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """The codes and the distinct values, in order of first appearance, of an array without NULL."""
    encoded = array.dictionary_encode()
    codes = np.frombuffer(encoded.indices.buffers()[1], np.int32, len(array))
    return codes, encoded.dictionary


def gather(data: bytes | memoryview, starts: Ints, ends: Ints) -> pa.BinaryArray:
    """The parts data[start:end], of which none overlap, as one compact array."""
    bounds = np.empty(2 * len(starts), np.int64)
    bounds[0::2], bounds[1::2] = starts, ends
    return slices(data, bounds).take(integers(np.arange(0, len(bounds), 2), pa.int64()))
