"""What each pass of one compilation did to the printed functions, back end included.

clang compiles the tagged, unoptimised IR with `-print-changed`; its stderr is parsed as it comes,
and only the latest text of each printed function is held.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from collectors.base import process
from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.base.table import BOOL, INT, STRING, Problem, Table, column
from collectors.passes import diff as ir_diff
from collectors.passes.spill import Rows
from collectors.passes.stream import dumps, raw_lines
from collectors.passes.trace import Trace

LAYER = "ir_changes"
#: Rows of `passes` after which the caller is told again how far the trace is.
TELL_ROWS = 50

PASSES = Table(
    "passes",
    "every pass that ran on a printed function (or one of its loops), in order of execution",
    pa.schema(
        [
            column("unit", STRING, "translation unit"),
            column("sequence", INT, "position in the unit's trace, from 1"),
            column("stage", STRING, "ir or machine"),
            column("pass", STRING, "name of the pass; the short one for a machine pass"),
            column("title", STRING, "description of a machine pass, or a note on this row"),
            column("scope", STRING, "what it ran on: module, cgscc, function, loop or machine"),
            column("function", STRING, "linkage name"),
            column("loop", STRING, "key of the loop that a loop pass ran on"),
            column(
                "changed",
                BOOL,
                "the code changed; NULL when the pass deleted its loop or"
                " SCC, which shows only in the function's next change",
            ),
            column("cosmetic", BOOL, "only names, metadata or annotations changed"),
            column("instructions_before", INT, "instructions; NULL if not printed in this stage"),
            column("instructions_after", INT, "instructions; NULL if not printed in this stage"),
        ]
    ),
)

_OPCODES = pa.list_(
    pa.struct([("opcode", pa.string()), ("before", pa.int64()), ("after", pa.int64())])
)

IR_CHANGES = Table(
    "ir_changes",
    "what one pass changed in one function: lines, opcodes, and the source loops they lie in",
    pa.schema(
        [
            column("unit", STRING, "translation unit"),
            column("sequence", INT, "the row of passes"),
            column("stage", STRING, "ir or machine"),
            column("pass", STRING, "name of the pass"),
            column("function", STRING, "linkage name"),
            column("loops", pa.list_(pa.string()), "keys of the loops holding a changed line"),
            column("opcodes", _OPCODES, "every opcode whose count changed"),
            column("instructions_before", INT, "instructions; NULL for the first machine code"),
            column("instructions_after", INT, "instructions"),
            column("lines_added", INT, "normalised lines"),
            column("lines_removed", INT, "normalised lines"),
            column(
                "also",
                pa.list_(pa.string()),
                "passes before this one whose effect LLVM does"
                " not print (they deleted their loop): it is part of this change",
            ),
            column(
                "diff",
                STRING,
                "JSON list of hunks {old_start, new_start, lines: [{op, text,"
                " loop}]}; a hunk that was cut has truncated: true",
            ),
        ]
    ),
)


@dataclass
class IrTrace:
    """The two tables of one unit, what went wrong, and figures about the trace itself."""

    passes: pa.Table
    changes: pa.Table
    problems: list[Problem]
    statistics: dict[str, int]


def unified_diff(diff: str, name: str = "function") -> str:
    """A `diff` of the table as plain unified diff text."""
    return ir_diff.unified(diff, name)


def parse(
    stream: BinaryIO,
    loop_keys: Mapping[int, str],
    unit: str,
    functions: Iterable[str] | None = None,
    tee: Callable[[bytes], object] | None = None,
    done: Callable[[int], object] | None = None,
) -> IrTrace:
    """The tables of a `-print-changed` stream, in memory that does not grow with its size.

    `functions` are the printed ones (linkage names, perhaps of other units too; None: all). Text
    that is cut off or not understood becomes a problem; what was read before it is kept. `done` is
    told how many rows of `passes` there are, now and then.
    """
    wanted = None if functions is None else frozenset(functions)
    strange: Counter[str] = Counter()
    passes, changes = Rows(PASSES), Rows(IR_CHANGES)
    trace = Trace(loop_keys, unit, wanted, passes, changes)
    told = 0
    size = lines = 0

    def counted(block: bytes) -> None:
        nonlocal size, lines
        size += len(block)
        lines += block.count(b"\n")
        if tee is not None:
            tee(block)

    started = False
    keep = wanted.__contains__ if wanted is not None else lambda _name: True
    try:
        for event in dumps(raw_lines(stream, counted), keep, lambda what: strange.update([what])):
            started = True
            trace.take(event)
            if done is not None and passes.count - told >= TELL_ROWS:
                told = passes.count
                done(told)
    except OSError as error:
        strange[f"reading stopped: {error.strerror or error}"] += 1
    problems = [Problem(LAYER, unit, what, count=n) for what, n in strange.items()]
    if not started:
        problems.append(Problem(LAYER, unit, "no pass was traced", "see the compiler's message"))
    if started and wanted and not trace.seen:
        what = "none of the wanted functions is defined here"
        problems.append(Problem(LAYER, unit, what, "give linkage names"))
    return IrTrace(
        passes.finish(),
        changes.finish(),
        problems,
        {"bytes": size, "lines": lines, "functions": len(trace.seen)},
    )


def collect(
    clang_argv: Sequence[str | Path],
    tagged_ll: Path,
    loop_keys: Mapping[int, str],
    functions: set[str] | None,
    unit: str,
    artifact: Path | None = None,
    debug: bool = False,
    done: Callable[[int], object] | None = None,
    patience: float = process.TOOL_TIMEOUT,
) -> IrTrace:
    """Compile the tagged IR and parse its pass trace.

    `clang_argv` is clang and the user's flags; `functions` the linkage names to print, None for
    all. `artifact` receives the raw trace as a Zstandard stream. Without `debug` the debug
    information is left out, which is not part of the code but makes every print of a large
    module several times slower. A compiler that fails leaves a problem and what it had printed.
    `done` is told how many rows of `passes` there are, now and then; after `patience` seconds the
    compiler counts as hung.
    """
    if functions is not None and not functions:
        return IrTrace(PASSES.empty(), IR_CHANGES.empty(), [], {})
    with scratch("ir") as folder:
        source = tagged_ll if debug else folder / "input.ll"
        if not debug:
            without_debug(tagged_ll, source)
        for scope in (True, False):
            argv = _command(clang_argv, source, functions, folder / "options", scope)
            trace, failure, refused = _traced(
                argv, loop_keys, functions, unit, artifact, done, patience
            )
            if not refused:
                break
    if failure is not None:
        fix = "compile the file with the same flags to see the compiler's message"
        trace.problems.append(Problem(LAYER, unit, failure, fix))
    for name in sorted(functions or ()):
        if "," in name:
            what = "a name with a comma cannot be given to the compiler's filter"
            trace.problems.append(Problem(LAYER, f"{unit}: {name}", what))
    return trace


def _traced(
    argv: Sequence[str | Path],
    loop_keys: Mapping[int, str],
    functions: set[str] | None,
    unit: str,
    artifact: Path | None,
    done: Callable[[int], object] | None,
    patience: float,
) -> tuple[IrTrace, str | None, bool]:
    """The trace, the failure if there was one, and whether LLVM refused an option of ours."""
    start = bytearray()
    trace: IrTrace | None = None
    failure: str | None = None
    with contextlib.ExitStack() as stack:
        sink = None
        if artifact is not None:
            raw = stack.enter_context(pa.OSFile(str(artifact), "wb"))
            sink = stack.enter_context(pa.CompressedOutputStream(raw, "zstd"))

        def tee(block: bytes) -> None:
            if len(start) < 4096:
                start.extend(block[:4096])
            if sink is not None:
                sink.write(block)

        try:
            with process.stream(argv, read="stderr", timeout=patience) as pipe:
                trace = parse(pipe, loop_keys, unit, functions, tee, done)
        except CorrError as error:
            if trace is None:
                raise
            failure = error.message
    refused = failure is not None and b"'-print-loop-func-scope'" in start
    return trace, failure, refused


def _command(
    clang_argv: Sequence[str | Path],
    source: Path,
    functions: set[str] | None,
    options: Path,
    function_scope: bool,
) -> list[str | Path]:
    """The compilation, its options in a response file: the list of functions may be long."""
    extra = ["-print-changed"]
    if function_scope:
        extra.append("-print-loop-func-scope")
    for names in _chunks(sorted(n for n in functions or () if "," not in n)):
        extra.append("-filter-print-funcs=" + ",".join(names))
    words = ["-w", "-fno-caret-diagnostics", "-fno-color-diagnostics"]
    words += ["-x", "ir", str(source), "-c", "-o", "/dev/null"]
    for option in extra:
        words += ["-mllvm", option]
    options.write_text("\n".join(map(_quoted, words)) + "\n", encoding="utf-8")
    return [*without_outputs(clang_argv), f"@{options}"]


def _chunks(names: list[str], limit: int = 60_000) -> Iterator[list[str]]:
    """The names in groups that each fit into one argument of a process."""
    group: list[str] = []
    size = 0
    for name in names:
        size += len(name) + 1
        if size > limit and group:
            yield group
            group, size = [], len(name) + 1
        group.append(name)
    if group:
        yield group


def _quoted(word: str) -> str:
    """A word of a response file."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


#: Flags that write files beside the object or print remarks into the trace.
_OUTPUTS = ("-fsave-optimization-record", "-foptimization-record", "-save-temps", "-Rpass",
            "-ftime-trace", "-fdiagnostics-show-hotness", "-save-stats")  # fmt: skip
_MAKE_FLAGS = frozenset({"-MD", "-MMD", "-MP", "-MG", "-M", "-MM", "-c", "-S", "-emit-llvm"})
_WITH_VALUE = frozenset({"-MF", "-MT", "-MQ", "-o"})


def without_outputs(argv: Sequence[str | Path]) -> list[str | Path]:
    """The compiler's command without flags that name an output or write a second one."""
    kept: list[str | Path] = []
    words = iter(argv)
    for word in words:
        text = str(word)
        if text in _WITH_VALUE:
            next(words, None)
        elif text not in _MAKE_FLAGS and not text.startswith(_OUTPUTS):
            kept.append(word)
    return kept


def without_debug(source: Path, target: Path) -> None:
    """Copy a module so that LLVM drops its debug information when it reads it.

    LLVM drops debug information of a version that it does not know; the version is one flag.
    """
    flag = b'!"Debug Info Version", i32 3'
    with source.open("rb") as reader, target.open("wb") as writer:
        for line in reader:
            writer.write(line.replace(flag, flag + b"999") if flag in line else line)
