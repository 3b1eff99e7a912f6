"""Where the blocks of a remark bitstream begin and end, damage or not.

Each remark is a block of its own: a word that is the same for all of them, its length, its
records. So blocks are found by hopping from length to length, and numpy hops over all at once:
where the end of each supposed block is the beginning of the next, all of them are blocks. Around
damage only blocks that another one follows are believed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from collectors.remarks.bitstream_container import ENTER_BLOCK, TOP_WIDTH

Words = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]

META, REMARK = 8, 9  # ids of blocks
WIDTH = 4  # of abbreviation ids in a remark, as LLVM writes it

#: ENTER_BLOCK in 2 bits, the id in VBR8, the width in VBR4, and zeros up to the next word.
HEAD = ENTER_BLOCK | REMARK << TOP_WIDTH | WIDTH << TOP_WIDTH + 8
_ANY_HEAD_MASK = 0xFFFF_C203
_META_HEADS = [ENTER_BLOCK | META << TOP_WIDTH | width << TOP_WIDTH + 8 for width in (3, 4)]
_MOST_CHECKED = 1 << 18  # words of blocks that are read to judge them, for each frame
_JUDGING = 64  # words that a judgement costs at least


@dataclass
class Frame:
    """Blocks of a part of a file; all places are words.

    `starts` and `ends` are those of remarks, `others` (start, end, id) of other blocks, `damaged`
    parts that are no blocks. Up to `rest` the words are explained. What follows is a block of
    which more is needed: `wanted` is its end. `lost` says that `rest` is
    inside damage.
    """

    starts: Places
    ends: Places
    others: list[tuple[int, int, int]] = field(default_factory=list)
    damaged: list[tuple[int, int]] = field(default_factory=list)
    rest: int = 0
    lost: bool = False
    wanted: int = 0


def frame(
    words: Words, *, closed: bool, lost: bool, most: int, whole: Callable[[int, int], bool]
) -> Frame:
    """Find the blocks in `words`.

    `closed`: nothing follows, so that a block may end with the words and none may go beyond.
    `lost`: the words begin in damage. A remark has at most `most` words; `whole(start, end)` says
    whether the records of a remark, or of a Meta block, end where the block does.
    """
    return _Framing(words, closed, most, whole).run(lost)


class _Framing:
    def __init__(
        self, words: Words, closed: bool, most: int, whole: Callable[[int, int], bool]
    ) -> None:
        self.words, self.closed, self.most, self.whole = words, closed, most, whole
        self.size = len(words)
        self.heads = np.flatnonzero(words[:-1] == HEAD)
        self.ends = self.heads + 2 + words[self.heads + 1].astype(np.int64)
        chained = self.ends[:-1] == self.heads[1:]
        self.runs = np.append(np.flatnonzero(~chained), len(self.heads) - 1)  # last of each run
        self.pieces: list[tuple[Places, Places]] = []
        self.found = Frame(self.heads[:0], self.ends[:0])
        self.budget = _MOST_CHECKED

    def run(self, lost: bool) -> Frame:
        found, at = self.found, 0
        if lost:
            at = self._resume(0, 0)
        while at < self.size and not found.wanted:
            at = self._step(at)
        found.rest = min(at, self.size)
        if self.pieces:
            found.starts = np.concatenate([starts for starts, _ in self.pieces])
            found.ends = np.concatenate([ends for _, ends in self.pieces])
        return found

    def _step(self, at: int) -> int:
        """Explains the words from `at` on; returns where the unexplained ones begin."""
        index = int(np.searchsorted(self.heads, at))
        if index == len(self.heads) or self.heads[index] != at:
            return self._other(at)
        last = int(self.runs[np.searchsorted(self.runs, index)])
        self._keep(index, last)
        at, end = int(self.heads[last]), int(self.ends[last])
        if self._wants(at, end, REMARK):
            return at
        follows = last + 1
        hides = follows < len(self.heads) and self.heads[follows] < end
        good = end - at <= self.most and end <= self.size
        if good and (hides or not self._boundary(end)):
            good = self._judge(at, end)
        if not good:
            return self._resume(at, at + 1)
        self._keep(last, follows)
        return end

    def _other(self, at: int) -> int:
        """A block that is not a remark as LLVM writes it, or damage."""
        word = int(self.words[at])
        if word & _ANY_HEAD_MASK != ENTER_BLOCK or at + 1 >= self.size:
            if at + 1 >= self.size and not self.closed:
                self.found.wanted = at + 2
                return at
            return self._resume(at, at + 1)
        id = word >> TOP_WIDTH & 0x7F
        end = at + 2 + int(self.words[at + 1])
        if self._wants(at, end, id):
            return at
        last = int(np.searchsorted(self.safe, at + 1)) == len(self.safe)
        cut_table = id == META and self.closed and last
        good = self._boundary(end) or cut_table
        if not good and not (id == META and end < self.size and self._judge(at, end)):
            return self._resume(at, at + 1)
        end = min(end, self.size)
        if id == REMARK:
            self.pieces.append((np.array([at]), np.array([end])))
        else:
            self.found.others.append((at, end, id))
        return end

    def _wants(self, at: int, end: int, id: int) -> bool:
        """Notes a block that may be one but cannot be judged without more words."""
        if self.closed or end < self.size or (id != META and end - at > self.most):
            return False
        self.found.wanted = end
        return True

    def _boundary(self, end: int) -> bool:
        if end >= self.size:
            return self.closed and end == self.size
        return int(self.words[end]) & _ANY_HEAD_MASK == ENTER_BLOCK

    def _judge(self, at: int, end: int) -> bool:
        """A block that seems to hold others, or that no other follows: damage or chance?"""
        self.budget -= end - at + _JUDGING
        return self.whole(at, end) if self.budget > 0 else self._boundary(end)

    def _resume(self, at: int, first: int) -> int:
        """After damage at `at`: the next block to believe in, at `first` or later."""
        index = int(np.searchsorted(self.safe, first))
        end = int(self.safe[index]) if index < len(self.safe) else self.size
        self.found.damaged.append((at, end))
        self.found.lost = end == self.size and not self.closed
        return end

    @cached_property
    def safe(self) -> Places:
        """Where blocks begin that end where another begins, or too late to be judged yet."""
        metas = np.flatnonzero(np.isin(self.words[:-1], _META_HEADS))
        starts = np.sort(np.concatenate([self.heads, metas]))
        ends = starts + 2 + self.words[starts + 1].astype(np.int64)
        inside = ends < self.size
        good = self.words[np.where(inside, ends, 0)] & _ANY_HEAD_MASK == ENTER_BLOCK
        good &= inside
        good |= ends == self.size if self.closed else ~inside & (ends - starts <= self.most)
        return starts[good]

    def _keep(self, begin: int, end: int) -> None:
        if end > begin:
            self.pieces.append((self.heads[begin:end], self.ends[begin:end]))
