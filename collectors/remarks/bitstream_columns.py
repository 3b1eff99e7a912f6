"""Many remarks of a bitstream at once: numpy decodes a record of each of them in every step.

Where a field begins depends on the fields before it, but only within its own remark. So all
remarks of a block of the file advance in lock step, each with a position of its own. A field is
taken from the 57 bits or more that an unaligned 64-bit load gives from any bit on; the length of a
VBR number is the place of its first chunk without the bit that says more follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.remarks.arrow import Ints, Mask, coded, integers, strings
from collectors.remarks.bitstream_container import (
    END_BLOCK,
    FIRST_ABBREVIATION,
    Abbreviation,
    Encoding,
)
from collectors.remarks.bitstream_framing import WIDTH
from collectors.remarks.bitstream_strings import Strings
from collectors.remarks.format import Columns
from collectors.remarks.yaml_one import TAGS

Numbers = npt.NDArray[np.uint64]
Bits = npt.NDArray[np.int64]  # positions

_HEADER, _PLACE, _HOTNESS, _ARGUMENT_AT, _ARGUMENT = 5, 6, 7, 8, 9
_FIELDS = {_HEADER: 4, _PLACE: 3, _HOTNESS: 1, _ARGUMENT_AT: 5, _ARGUMENT: 2}
_WINDOW = 57  # bits that a 64-bit load from any bit has at least
_HEAD_BITS = 64  # of a block: the word of its kind, and its length
_MOST_STEPS = 1000  # records; a remark of more is left to be read alone
_PADDING = 64  # bytes: no step reads farther beyond a remark than its fields can reach
_INT32 = (1 << 31) - 1


@dataclass(frozen=True)
class _Plan:
    """How to decode a record: its code, and width and kind of each field."""

    code: int
    fields: tuple[tuple[Encoding, int], ...]


def _plan(abbreviation: Abbreviation) -> _Plan | None:
    """The plan of an abbreviation, if it is one of LLVM's kind for a record of remarks."""
    code, *operands = abbreviation
    if code.encoding != Encoding.LITERAL or _FIELDS.get(code.value) != len(operands):
        return None
    if not all(
        (o.encoding == Encoding.FIXED and o.value <= 32)
        or (o.encoding == Encoding.VBR and 4 <= o.value <= 16)
        for o in operands
    ):
        return None
    return _Plan(code.value, tuple((o.encoding, o.value) for o in operands))


@dataclass
class _Found:
    """Fields of the records of one kind: index of the remark, ordinal in it, and the fields."""

    owners: list[Bits] = field(default_factory=list)
    ordinals: list[Bits] = field(default_factory=list)
    fields: list[list[Numbers]] = field(default_factory=list)

    def joined(self, width: int) -> tuple[Bits, Bits, list[Bits]]:
        """All of them, each as one array; `width` is the number of fields."""
        if not self.owners:
            none = np.empty(0, np.int64)
            return none, none, [none] * width
        columns = [np.concatenate(parts).view(np.int64) for parts in zip(*self.fields, strict=True)]
        return np.concatenate(self.owners), np.concatenate(self.ordinals), columns


class Decoder:
    """Decodes remarks that follow `abbreviations`; their fields are numbers of `table`."""

    def __init__(self, abbreviations: Sequence[Abbreviation], table: Strings) -> None:
        self._plans = {
            FIRST_ABBREVIATION + index: plan
            for index, abbreviation in enumerate(abbreviations)
            if FIRST_ABBREVIATION + index < 1 << WIDTH and (plan := _plan(abbreviation))
        }
        self._table = table

    def columns(self, texts: pa.BinaryArray) -> Columns:
        """The columns of the remarks in LLVM's own form; `texts` are whole blocks."""
        step = _LockStep(texts, self._plans)
        step.run()
        return _Assembly(step, self._table).columns()


class _LockStep:
    """`ended` tells the remarks whose records end where their block does."""

    def __init__(self, texts: pa.BinaryArray, plans: dict[int, _Plan]) -> None:
        self.count = len(texts)
        bounds = np.frombuffer(texts.buffers()[1], np.int32)[: self.count + 1].astype(np.int64)
        data = np.zeros(int(bounds[-1]) + _PADDING, np.uint8)
        data[:-_PADDING] = np.frombuffer(texts.buffers()[2], np.uint8)[: int(bounds[-1])]
        self._loads: Numbers = np.ndarray((len(data) - 7,), np.dtype("<u8"), data, 0, (1,))
        self._plans = plans
        self._at, self._end = 8 * bounds[:-1] + _HEAD_BITS, 8 * bounds[1:]
        self.ended: Mask = np.zeros(self.count, np.bool_)
        self.found = {code: _Found() for code in _FIELDS}
        self.arguments = np.zeros(self.count, np.int64)

    def run(self) -> None:
        """Decode record after record of all remarks that have not ended."""
        active = np.flatnonzero(self._at < self._end)
        at, end = self._at[active], self._end[active]
        for _ in range(_MOST_STEPS):
            if not len(active):
                return
            ids = self._window(at) & np.uint64((1 << WIDTH) - 1)
            at = at + WIDTH
            kinds = ids.astype(np.uint8)
            done = np.flatnonzero(kinds == END_BLOCK)
            self.ended[active[done]] = (at[done] + 31 & ~31) == end[done]
            after = np.full(len(at), -1)
            for id in np.flatnonzero(np.bincount(kinds, minlength=1 << WIDTH)).tolist():
                if plan := self._plans.get(id):
                    members = np.flatnonzero(kinds == id)
                    after[members] = self._record(plan, active[members], at[members])
            keep = np.flatnonzero((after >= 0) & (after < end))
            active, at, end = active[keep], after[keep], end[keep]

    def _record(self, plan: _Plan, owners: Bits, at: Bits) -> Bits:
        """Decode one record of each owner; returns where it ends, -1 where it cannot be read."""
        fields = []
        bad: Any = False
        for encoding, width in plan.fields:
            window = self._window(at)
            if encoding == Encoding.FIXED:
                fields.append(window & np.uint64((1 << width) - 1))
                at = at + width
            else:
                value, bits = _vbr(window, width)
                fields.append(value)
                bad = bad | (bits == 0)
                at = at + bits
        found = self.found[plan.code]
        found.owners.append(owners)
        found.fields.append(fields)
        if plan.code in (_ARGUMENT, _ARGUMENT_AT):
            found.ordinals.append(self.arguments[owners])
            self.arguments[owners] += 1
        else:
            found.ordinals.append(owners)
        return np.where(bad, -1, at)

    def _window(self, at: Bits) -> Numbers:
        return self._loads[at >> 3] >> (at & 7).view(np.uint64)


def _vbr(window: Numbers, width: int) -> tuple[Numbers, Bits]:
    """The VBR numbers that begin with each window, and their bits; 0 if it does not hold one."""
    chunks = _WINDOW // width
    more = sum(1 << width * chunk + width - 1 for chunk in range(chunks))
    stops = ~window & np.uint64(more)
    stop = stops & (~stops + np.uint64(1))  # the lowest bit of each
    bits = np.frexp(stop.astype(np.float64))[1].astype(np.int64)
    inside = window & (stop + stop - np.uint64(1))
    low = (1 << width - 1) - 1
    value = inside & np.uint64(low)
    most = int(bits.max()) if len(bits) else 0
    for chunk in range(1, -(-most // width)):
        part = inside >> np.uint64(chunk)
        value |= part & np.uint64(low << (width - 1) * chunk)
    return value, bits


class _Assembly:
    """Puts the records of the regular remarks together as columns."""

    def __init__(self, step: _LockStep, table: Strings) -> None:
        self._table = table
        found = step.found
        self._header, _, self._names = found[_HEADER].joined(4)
        self._placed, _, self._place = found[_PLACE].joined(3)
        self._hot, _, self._hotness = found[_HOTNESS].joined(1)
        parts = [found[code].joined(width) for code, width in ((_ARGUMENT, 2), (_ARGUMENT_AT, 5))]
        self._owners = np.concatenate([owners for owners, _, _ in parts])
        self._ordinals = np.concatenate([ordinals for _, ordinals, _ in parts])
        self._plain = len(parts[0][0])  # arguments without a place; those with one follow
        self._keys, self._values = (
            np.concatenate([fields[i] for _, _, fields in parts]) for i in (0, 1)
        )
        self._at = parts[1][2][2:]
        self._arguments = step.arguments
        self.regular = self._regular(step)

    def _regular(self, step: _LockStep) -> Mask:
        """Ended, one header, all else at most once, and all fields within their ranges."""
        good = step.ended.copy()
        good &= np.bincount(self._header, minlength=step.count) == 1
        for owners in (self._placed, self._hot):
            good &= np.bincount(owners, minlength=step.count) <= 1
        kind, *names = self._names
        good[self._header[(kind < 1) | (kind > len(TAGS))]] = False
        good[self._hot[self._hotness[0] < 0]] = False
        for owners, fields in (
            (self._header, names),
            (self._placed, self._place[:1]),
            (self._owners, [self._keys, self._values]),
            (self._owners[self._plain :], self._at[:1]),
        ):
            for numbers in fields:
                good[owners[self._odd(numbers)]] = False
        for owners, fields in (
            (self._placed, self._place[1:]),
            (self._owners[self._plain :], self._at[1:]),
        ):
            for numbers in fields:
                good[owners[numbers > _INT32]] = False
        return good

    def _odd(self, numbers: Bits) -> Mask:
        """Not in the string table, or not UTF-8 there."""
        size = len(self._table)
        odd: Mask = numbers.view(np.uint64) >= size
        if self._table.replaced.any():
            odd |= self._table.replaced[np.where(odd, 0, numbers)]
        return odd

    def columns(self) -> Columns:
        """The columns of REMARKS that a remark itself tells."""
        rows = np.cumsum(self.regular) - 1  # of each regular remark
        number = int(self.regular.sum())
        if not number:
            return Columns({}, self.regular)
        heads = self.regular[self._header]
        order = np.empty(number, np.int64)
        order[rows[self._header[heads]]] = np.flatnonzero(heads)
        kind, name, pass_, function = (values[order] for values in self._names)
        file, line, column = self._places(rows, number)
        return Columns(
            {
                "tag": coded(kind - 1, strings([tag[1:] for tag in TAGS])),
                "pass": self._table.column(pass_),
                "name": self._table.column(name),
                "function": self._table.column(function),
                "file": file,
                "line": line,
                "column": column,
                "hotness": self._hotnesses(rows, number),
                "args": self._args(rows),
            },
            self.regular,
        )

    def _places(self, rows: Ints, number: int) -> tuple[pa.Array, pa.Array, pa.Array]:
        kept = self.regular[self._placed]
        return self._scattered(
            rows[self._placed[kept]], [values[kept] for values in self._place], number
        )

    def _scattered(
        self, at: Ints, place: list[Bits], number: int
    ) -> tuple[pa.Array, pa.Array, pa.Array]:
        """File, line and column at the indices `at` of columns of `number` rows, else NULL."""
        full, missing = np.zeros((3, number), np.int64), np.ones(number, np.bool_)
        missing[at] = False
        full[:, at] = place
        if len(at):
            full[0][missing] = place[0][0]  # keeps the dictionary to texts that occur
        texts = self._table.column(full[0], missing) if len(at) else _nothing(number)
        return (
            texts,
            integers(full[1], pa.int32(), missing),
            integers(full[2], pa.int32(), missing),
        )

    def _hotnesses(self, rows: Ints, number: int) -> pa.Array:
        kept = self.regular[self._hot]
        full, missing = np.zeros(number, np.int64), np.ones(number, np.bool_)
        at = rows[self._hot[kept]]
        full[at], missing[at] = self._hotness[0][kept], False
        return integers(full, pa.int64(), missing)

    def _args(self, rows: Ints) -> pa.ListArray:
        counts = self._arguments[self.regular]
        offsets = np.concatenate(([0], np.cumsum(counts)))
        total = int(offsets[-1])
        kept = self.regular[self._owners]
        slots = offsets[rows[self._owners[kept]]] + self._ordinals[kept]
        key, value = np.empty(total, np.int64), np.empty(total, np.int64)
        key[slots], value[slots] = self._keys[kept], self._values[kept]
        placed = kept[self._plain :]
        at = slots[np.count_nonzero(kept[: self._plain]) :]
        file, line, column = self._scattered(at, [values[placed] for values in self._at], total)
        struct = pa.StructArray.from_arrays(
            [
                self._table.column(key) if total else _nothing(0),
                self._table.column(value) if total else _nothing(0),
                file,
                line,
                column,
            ],
            names=["key", "value", "file", "line", "column"],
        )
        return pa.ListArray.from_arrays(integers(offsets, pa.int32()), struct)


def _nothing(number: int) -> pa.DictionaryArray:
    """A text column that is NULL throughout."""
    return coded(np.zeros(number, np.int64), strings([]), np.ones(number, np.bool_))
