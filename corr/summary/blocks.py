"""A function's stripped IR as a reader wants it: short names, and the blocks of some loops only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from collectors.passes.block_loops import Places, Tags
from collectors.passes.text import ir_line

_NAME = r'(?:"((?:[^"\\]|\\.)*)"|([\w.$\-]+))'
_LABEL = re.compile(f"^{_NAME}:")
_VALUE = re.compile(rf"^\s+%{_NAME} =")
_LOCAL = re.compile(f"%{_NAME}")
_IN_LOOP = re.compile(r"^L(\d+)\.")


def shortened(ir: str, keys: Mapping[int, str]) -> str:
    """A stripped function with short names: values `%v7`, the blocks of loop 5 `L5.1`, `L5.2`.

    `keys` are those of the unit's loops by their number, which the names of blocks have. A block
    that a pass made, such as the body of a vectorised loop, gets the loop that it executes in.
    Parameters keep their names. What LLVM calls a value says little and takes half of the text.
    """
    lines = ir.splitlines()
    numbers = _loop_numbers(lines, keys)
    names: dict[str, str] = {}
    blocks: Counter[str] = Counter()
    for line in lines[1:-1]:
        if label := _LABEL.match(line):
            number = numbers.get(label[1] or label[2])
            prefix = f"L{number}." if number is not None else "b"
            blocks[prefix] += 1
            names[label[1] or label[2]] = f"{prefix}{blocks[prefix]}"
        elif value := _VALUE.match(line):
            names[value[1] or value[2]] = f"v{len(names) + 1}"
    parameters = {m[1] or m[2] for m in _LOCAL.finditer(lines[0])}
    # a name that is taken, or that may be a type's, stays
    taken = parameters | {n for n in names if n.startswith(("struct.", "class.", "union."))}
    short = {n: s for n, s in names.items() if n not in taken and s not in taken}

    def local(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return f"%{short[name]}" if name in short else match[0]

    out = [lines[0]]
    for line in lines[1:]:
        label = _LABEL.match(line)
        kept = short.get(label[1] or label[2]) if label else None
        out.append(f"{kept}:" if kept else line if label else _LOCAL.sub(local, line))
    return "\n".join(out)


def only_loops(ir: str, numbers: Collection[int], *, bodies: bool = False) -> str:
    """The blocks of a shortened function that belong to these loops.

    With `bodies` only those that branch to themselves: the bodies of innermost loops.
    """
    lines = ir.splitlines()
    blocks: list[list[str]] = [[]]
    for line in lines[1:-1]:
        if _LABEL.match(line):
            blocks.append([])
        blocks[-1].append(line)
    out, left = [lines[0]], 0
    for block in filter(None, blocks):
        found = _IN_LOOP.match(block[0])
        if not found or int(found[1]) not in numbers or (bodies and not _repeats(block)):
            left += 1
            continue
        out += [*_left_out(left), *block]
        left = 0
    return "\n".join([*out, *_left_out(left), lines[-1]])


def _left_out(count: int) -> list[str]:
    return [f"  ; … {count} more block{'s' if count > 1 else ''}"] if count else []


def _repeats(block: list[str]) -> bool:
    name = re.escape(block[0].partition(":")[0])
    return any(re.search(rf"label %{name}(?![\w.$\-])", line) for line in block[1:])


def _loop_numbers(lines: list[str], keys: Mapping[int, str]) -> dict[str, int]:
    """The number of the source loop that each block executes in."""
    places = Places(Tags(keys))
    places.see([line for line in map(ir_line, lines) if line is not None])
    if places.view is None:
        return {}
    found = {block.name: places.view.number(block) for block in places.view.blocks}
    return {name: number for name, number in found.items() if number is not None}
