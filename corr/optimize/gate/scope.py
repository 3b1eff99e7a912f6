"""What a name means where it stands: which of a text's declarations reaches it."""

from __future__ import annotations

from collections import defaultdict

from corr.optimize.gate.specifiers import Declared
from corr.optimize.gate.statements import Statements
from corr.optimize.gate.steps import Steps


class Meanings:
    """For each name of a text the innermost declaration that it falls under, if any does.

    One walk over the text: of each name, those declarations are kept that reach as far as the
    walk has come. They lie in each other like their brackets, so that the last is the innermost.
    """

    def __init__(self, shape: Statements, declared: list[Declared], steps: Steps) -> None:
        steps.take(2 * shape.size + 2 * len(declared))
        self.of: dict[int, Declared] = {}
        self.declaring = {one.index: one for one in declared}
        reaching: dict[str, list[Declared]] = defaultdict(list)
        waiting = 0
        for index in range(shape.size):
            while waiting < len(declared) and declared[waiting].first <= index:
                one = declared[waiting]
                if one.kind != "tag":  # in C a name of its own, always behind its word
                    reaching[shape.text[one.index]].append(one)
                waiting += 1
            if not shape.is_name[index]:
                continue
            open_now = reaching.get(shape.text[index])
            if open_now is None:
                continue
            while open_now and open_now[-1].end <= index:
                open_now.pop()
                steps.take()
            if open_now:
                self.of[index] = open_now[-1]
        self.of |= self.declaring
