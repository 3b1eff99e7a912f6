"""Arguments that say what a program does where it is given none: `argc > 1 ? atoi(argv[1]) : 300`.

Read from its text, and confirmed by a run: with them it has to put out what it puts out without.
Then other numbers in their place are inputs like any other.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from collectors.base.invocation import failure
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Inputs
from corr.optimize.judging.references import References
from corr.optimize.moves.source_text import without_comments

#: Seconds that a run may take for another one to be spent on this.
LONGEST = 10.0
#: Arguments that are looked for.
MOST = 8
_MAIN = re.compile(
    r"\bmain\s*\(\s*(?:const\s+)?int\s+(\w+)\s*,\s*(?:const\s+)?char\s*(?:const\s*)?\*\s*"
    r"(?:const\s*)?(?:\*\s*(?:const\s*)?(\w+)|(\w+)\s*\[\s*\])"
)
_SUFFIX = re.compile(r"(?<=[\da-fA-F.])[uUlLfF]+\b")
_KNOWN = r"(?:#\s*define\s+{0}\s+|\b{0}\s*=\s*)([^,;}}\n]+)"
_WORD = re.compile(r"[A-Za-z_]\w*")
#: From this on a number like 1e6 is one of things that are counted.
_COUNTED = 1000
#: Names that are put in place of others, one in another.
_DEEPEST = 4
_OPERATIONS: dict[type, Callable[[int | float, int | float], int | float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.LShift: lambda a, b: int(a) << min(int(b), 62),
}


def found_in(texts: Iterable[str]) -> tuple[str, ...]:
    """What stands for arguments that are not given, from the first on; empty where none does."""
    for text in texts:
        code = without_comments(text).replace("::", "__")
        named = _MAIN.search(code)
        if named is None:
            continue
        found: dict[int, str] = {}
        count, values = named[1], named[2] or named[3]
        for place, written in (*_choices(code, count, values), *_assignments(code, count, values)):
            value = _value(written.strip(), code)
            if value is not None:
                found.setdefault(place, value)
        wanted = range(1, min(MOST, max(found, default=0)) + 1)
        first_gap = next((place for place in wanted if place not in found), len(wanted) + 1)
        return tuple(found[place] for place in range(1, first_gap))
    return ()


def confirmed(builds: Builds, inputs: Inputs, references: References) -> Inputs:
    """The inputs, with such arguments if the original does the same with them as without."""
    program = builds.program
    given = program.run
    if given.args or given.stdin is not None or inputs.sizes or builds.always:
        return inputs
    texts = (unit.source.read_text("utf-8", "replace") for unit in program.units)
    found = found_in(texts)
    reference = references.of(inputs.timed)
    if not found or reference.wall > LONGEST:
        return inputs
    binary = builds.build(references.original)
    run = builds.run(binary, replace(inputs.timed, args=found), inputs.output)
    same = failure(run.done) is None and not run.trouble
    if not same or run.observed(inputs.evidence) != reference.observed:
        return inputs
    return replace(inputs, defaults=found)


def _choices(code: str, count: str, values: str) -> Iterable[tuple[int, str]]:
    """`argc > 1 ? atoi(argv[1]) : 300`."""
    pattern = (
        rf"\b{count}\s*(?:>=?|==)\s*\d+[^?:;]*\?"
        rf"[^?:;]*\b{values}\s*\[\s*(\d+)\s*\][^?:;]*:([^,;]+)"
    )
    for found in re.finditer(pattern, code):
        yield int(found[1]), _whole(found[2])


def _whole(text: str) -> str:
    """An expression up to the bracket that closes one before it."""
    depth = 0
    for at, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            return text[:at]
    return text


def _assignments(code: str, count: str, values: str) -> Iterable[tuple[int, str]]:
    """`int n = 300; if (argc > 1) n = atoi(argv[1]);`."""
    pattern = (
        rf"\b{count}\s*(?:>=?|==)\s*\d+\s*\)\s*\{{?\s*(\w+)\s*="
        rf"[^;=][^;]*\b{values}\s*\[\s*(\d+)\s*\]"
    )
    for found in re.finditer(pattern, code):
        before = [
            m[1] for m in re.finditer(rf"\b{found[1]}\s*=\s*([^,;=]+)[,;]", code[: found.start()])
        ]
        if before:
            yield int(found[2]), before[-1]


def _value(written: str, code: str, depth: int = 0) -> str | None:
    """A number as an argument; None for what is none."""
    number = _SUFFIX.sub("", written)
    for name in set(_WORD.findall(re.sub(r"\d[\w.]*", "", number))):
        known = re.search(_KNOWN.format(name), code)
        inner = _value(known[1].strip(), code, depth + 1) if known and depth < _DEEPEST else None
        if inner is None:
            return None
        number = re.sub(rf"\b{name}\b", f"({inner})", number)
    try:
        found = _computed(ast.parse(number.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(found, float) and (found != int(found) or abs(found) < _COUNTED):
        return repr(found)
    return str(int(found))


def _computed(node: ast.expr) -> int | float:
    """The value of sums and products of numbers. Raises ValueError for anything else."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_computed(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _OPERATIONS[type(node.op)](_computed(node.left), _computed(node.right))
    raise ValueError("it is more than a number")


def shown(arguments: Sequence[str]) -> str:
    """What is said of arguments that stand for none."""
    return (
        f"without arguments it does as with {' '.join(arguments)}: other numbers in their place "
        "are tried, too"
    )
