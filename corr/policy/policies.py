"""A policy: a small file of JSON that says, from a decision's features, whether to inline.

`trees`   sum of the leaves of boosted trees, as scikit-learn grew them: inline if above zero
`margin`  inline if the cost that LLVM estimates is below a limit that hangs on the features

Nothing of a policy is executed but this arithmetic: a file of somebody else's can be used. It is
bound to features by name, and refused where a compiler does not send one of them.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from collectors.base.errors import CorrError, UsageError
from collectors.decisions.channel import Header
from collectors.decisions.host import Advise
from corr.system.disk import disk_errors, write_whole

FORMAT = 1
#: No tree of ours is as large; a file that says so is not ours.
_MOST_NODES = 1 << 20


@dataclass(frozen=True)
class Tree:
    """A binary tree as arrays: node 0 is the root; `left` is -1 at a leaf, whose `value` counts.

    At a node the value of `feature` (an index) goes left if it is at most `limit`.
    """

    feature: tuple[int, ...]
    limit: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]

    def check(self, features: int) -> None:
        """Raise ValueError unless every walk ends at a leaf: children come after their parent."""
        sizes = {len(part) for part in (self.feature, self.limit, self.left, self.right)}
        count = len(self.value)
        if sizes != {count} or not 0 < count <= _MOST_NODES:
            raise ValueError("a tree's arrays are of different length")
        for node in range(count):
            if self.left[node] == -1:
                continue
            children = (self.left[node], self.right[node])
            if not all(node < child < count for child in children):
                raise ValueError("a tree has a child before its parent")
            if not 0 <= self.feature[node] < features:
                raise ValueError("a tree asks for a feature that there is not")


@dataclass(frozen=True)
class Policy:
    """What decides. `about` says how it was made; it changes nothing.

    Of kind trees: `trees` and `start`, what is added to their sum. Of kind margin: `weights`, a
    number a feature, and `start`, the limit of the cost without them.
    """

    kind: str
    llvm: int
    features: tuple[str, ...]
    start: float = 0.0
    trees: tuple[Tree, ...] = ()
    weights: tuple[float, ...] = ()
    about: Mapping[str, Any] | None = None

    def text(self) -> str:
        record = asdict(self)
        return json.dumps({"format": FORMAT, **record}, separators=(",", ":")) + "\n"

    def write(self, path: Path) -> None:
        with disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, self.text())

    def decides(self) -> Callable[[Sequence[int]], bool]:
        """What says of values of `features`, in order, whether to inline."""
        if self.kind == "margin":
            return self._margin()
        trees, start = self.trees, self.start

        def decide(values: Sequence[int]) -> bool:
            total = start
            for tree in trees:
                node, left = 0, tree.left
                while left[node] != -1:
                    below = values[tree.feature[node]] <= tree.limit[node]
                    node = left[node] if below else tree.right[node]
                total += tree.value[node]
            return total > 0

        return decide

    def _margin(self) -> Callable[[Sequence[int]], bool]:
        cost = self.features.index(COST)
        weighted = [(n, w) for n, w in enumerate(self.weights) if w and n != cost]
        start = self.start

        def decide(values: Sequence[int]) -> bool:
            limit = start
            for number, weight in weighted:
                limit += weight * scaled(values[number])
            return values[cost] <= limit

        return decide

    def advisor(self, header: Header) -> Advise:
        """Answers a compiler. Raises CorrError where it does not send what the policy goes by."""
        missing = [name for name in self.features if name not in header.names]
        if missing or not header.scalar:
            what = f"this compiler does not send {', '.join(missing) or 'plain numbers'}"
            raise CorrError(what, f"the policy is of LLVM {self.llvm}")
        places = [header.names.index(name) for name in self.features]
        decide = self.decides()
        unpack = struct.Struct(f"<{len(header.names)}q").unpack

        def advise(observation: bytes) -> int:
            every = unpack(observation)
            return int(decide([every[place] for place in places]))

        return advise


COST = "cost_estimate"


def scaled(value: float) -> float:
    """A feature as a margin weighs it: counts and costs span orders of magnitude."""
    return math.copysign(math.log1p(abs(value)), value)


def load(path: Path) -> Policy:
    """A policy from its file. Raises UsageError for what is none."""
    try:
        record = json.loads(path.read_bytes())
        if record.pop("format") != FORMAT:
            raise UsageError(f"{path} was written by a newer corr", "upgrade corr")
        policy = msgspec.convert(record, Policy)
        if policy.kind == "trees":
            for tree in policy.trees:
                tree.check(len(policy.features))
        elif policy.kind != "margin" or len(policy.weights) != len(policy.features):
            raise ValueError(f"no policy of kind {policy.kind!r}")
        elif COST not in policy.features:
            raise ValueError(f"a margin needs {COST}")
        return policy
    except FileNotFoundError as error:
        raise UsageError(f"{path} is not there", "corr policy train makes one") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is no policy: {error}") from error
