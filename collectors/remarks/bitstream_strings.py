"""The string table of a remark bitstream: texts, each ended by a zero byte."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from collectors.remarks.arrow import Ints, Mask, coded, gather, integers, strings

_MOST = 1 << 22  # strings; a recording of 1 GB has some hundred thousand


class Strings:
    """Texts by number. `replaced` marks those that were not UTF-8; `problem` says what is missing.

    `whole`: the blob is all of the table; else its last string is cut off.
    """

    def __init__(self, blob: bytes, *, whole: bool) -> None:
        self.problem = ""
        if blob.count(0) > _MOST:
            self.problem = f"string table of more than {_MOST >> 20} million strings"
            blob, whole = b"", False
        ends = np.flatnonzero(np.frombuffer(blob, np.uint8) == 0)
        if whole and blob and blob[-1]:
            ends = np.append(ends, len(blob))
        starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
        raw = gather(blob, starts, ends) if len(ends) else pa.array([], pa.binary())
        self.replaced: Mask = np.zeros(len(raw), np.bool_)
        try:
            self.texts = raw.cast(pa.string())
        except pa.ArrowInvalid:
            self.texts = self._repaired(raw)

    def __len__(self) -> int:
        return len(self.texts)

    def _repaired(self, raw: pa.BinaryArray) -> pa.StringArray:
        texts = []
        for index, data in enumerate(raw.to_pylist()):
            try:
                texts.append(data.decode())
            except UnicodeDecodeError:
                texts.append(data.decode(errors="replace"))
                self.replaced[index] = True
        return strings(texts)

    def column(self, numbers: Ints, missing: Mask | None = None) -> pa.DictionaryArray:
        """The texts of `numbers`, NULL where `missing`; only texts that occur in the dictionary."""
        used = np.zeros(len(self) + 1, np.bool_)
        used[numbers] = True
        kept = np.flatnonzero(used[:-1])
        codes = np.cumsum(used) - 1
        return coded(codes[numbers], self.texts.take(integers(kept, pa.int64())), missing)
