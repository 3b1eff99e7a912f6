"""The wire format of LLVM's interactive model runner: a JSON header, then raw tensors.

The compiler sends one line that names its features and the advice it wants; `{"context": …}`
before the decisions of a function or module; and for each decision `{"observation": n}`, the
tensors in the header's order without gaps, and a newline. It waits for one advice tensor.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from collectors.base.errors import CorrError

CONTEXT = b'{"context"'
OBSERVATION = b'{"observation"'
#: How LLVM spells the types of tensors.
_TYPES = {
    "int8_t": "<i1",
    "uint8_t": "<u1",
    "int16_t": "<i2",
    "uint16_t": "<u2",
    "int32_t": "<i4",
    "uint32_t": "<u4",
    "int64_t": "<i8",
    "uint64_t": "<u8",
    "float": "<f4",
    "double": "<f8",
}
#: More than this is no header of a compiler: the largest there are have a few thousand elements.
MOST_ELEMENTS = 1 << 20


class ChannelError(CorrError):
    """What came through the channel is not what an LLVM sends."""


@dataclass(frozen=True)
class Tensor:
    """A named array at its place in an observation. `offset` and `size` are in bytes."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        return self.elements * self.dtype.itemsize


@dataclass(frozen=True)
class Header:
    """What an observation is made of, and what is asked for."""

    features: tuple[Tensor, ...]
    advice: Tensor

    @cached_property
    def size(self) -> int:
        """Bytes of an observation."""
        return sum(tensor.size for tensor in self.features)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self.features)

    @cached_property
    def scalar(self) -> bool:
        """Every feature is one 64-bit integer, as the inliner's are."""
        return all(t.elements == 1 and t.dtype == np.int64 for t in self.features)

    def matrix(self, observations: bytes | bytearray) -> npt.NDArray[np.int64]:
        """Observations of scalar features, one a row. Raises ChannelError for others."""
        if not self.scalar:
            raise ChannelError("the features of this channel are no single numbers")
        return np.frombuffer(bytes(observations), np.int64).reshape(-1, len(self.features))

    def tensors(self, observation: bytes) -> dict[str, npt.NDArray[Any]]:
        """The arrays of an observation, by name."""
        return {
            t.name: np.frombuffer(observation, t.dtype, t.elements, t.offset).reshape(t.shape)
            for t in self.features
        }

    def answer(self, value: int | float) -> bytes:
        """An advice as the compiler reads it."""
        return np.full(self.advice.shape, value, self.advice.dtype).tobytes()


def parse(line: bytes) -> Header:
    """The header that a compiler sends first. Raises ChannelError."""
    try:
        said = json.loads(line)
        features, offset = [], 0
        for item in said["features"]:
            features.append(_tensor(item, offset))
            offset += features[-1].size
        return Header(tuple(features), _tensor(said["advice"], 0))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"the compiler's header cannot be read: {type(error).__name__}"
        raise ChannelError(what, "is this an LLVM of 17 or newer?") from error


def context(line: bytes) -> str:
    """What a context line names: a function, or nothing for a module."""
    try:
        return str(json.loads(line)["context"])
    except (ValueError, KeyError, TypeError) as error:
        raise ChannelError("a context line of the compiler cannot be read") from error


def _tensor(item: dict[str, Any], offset: int) -> Tensor:
    shape = tuple(int(n) for n in item["shape"])
    if any(n < 0 for n in shape) or math.prod(shape) > MOST_ELEMENTS:
        raise ValueError(f"shape {shape}")
    return Tensor(str(item["name"]), np.dtype(_TYPES[item["type"]]), shape, offset)
