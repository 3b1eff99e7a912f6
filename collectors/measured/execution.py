"""Exact execution counts of lines and regions, from an instrumented build.

The caller compiles and links with `-fprofile-instr-generate -fcoverage-mapping`. Counts are of
the source as written, so they do not depend on the optimisation level. Two limits of clang's
counters: a call that never returns (exit, throw, longjmp) is counted as if it had returned, and
threads lose increments unless the build also has `-fprofile-update=atomic`. What clang has no
counter for is a difference of others; where that is negative (in the loop of an OpenMP directive
it may be), llvm-cov writes the largest number there is: it is not known.
"""

from __future__ import annotations

import itertools
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from collectors.base import elf, process
from collectors.base.errors import CorrError
from collectors.base.foreign_text import visible
from collectors.base.invocation import Invocation, failure
from collectors.base.table import INT, LINE, STRING, Problem, Table, column
from collectors.base.tool_output import (
    MOST,
    MOST_LINE,
    Count,
    Damage,
    FileName,
    LineNumber,
    decoded,
)
from collectors.base.toolchain import Toolchain

LAYER = "execution"
FLAGS = (
    *("-fprofile-instr-generate", "-fcoverage-mapping"),
    *("-mllvm", "-system-headers-coverage"),  # loops of templates of the library are hot too
)
REBUILD = f"compile and link with {' '.join(FLAGS)}"

EXECUTION = Table(
    "execution",
    "how often one source line ran, as `llvm-cov` counts lines",
    pa.schema(
        [
            column("file", STRING, "source file as the compiler named it, absolute"),
            column("line", LINE, "source line"),
            column("count", INT, "how often the line ran: the most frequent region on it"),
        ]
    ),
)

EXECUTION_REGIONS = Table(
    "execution_regions",
    "how often one region of one function (one instantiation of a template) ran",
    pa.schema(
        [
            column("function", STRING, "linkage name"),
            column("unit", STRING, "file name of the unit of a function that only it can see"),
            column("file", STRING, "source file as the compiler named it, absolute"),
            column("line", LINE, "where the region starts"),
            column("column", LINE, "column where it starts"),
            column("end_line", LINE, "where it ends"),
            column("end_column", LINE, "first column after it"),
            column(
                "count",
                INT,
                "how often it ran (NULL: not known); for a branch how often it was true",
            ),
            column("false_count", INT, "for a branch how often it was false, else NULL"),
            column("kind", STRING, "code, expansion, skipped, gap, branch, decision, mcdc_branch"),
            column("file_id", LINE, "which file or macro expansion of the function holds it"),
            column("expanded_id", LINE, "for an expansion the file_id of what it expands to"),
            column("function_count", INT, "how often the function was called"),
        ]
    ),
)

#: llvm::coverage::CounterMappingRegion::RegionKind, in its order.
KINDS = ("code", "expansion", "skipped", "gap", "branch", "decision", "mcdc_branch")

#: A segment of a file: line, column, count, has a count, starts a region, is a gap.
Segment = tuple[LineNumber, LineNumber, Count, bool, bool, bool]
#: What a program wrote is read by a child with limits: CPU seconds, address space, size of a file.
_LIMITS = ("prlimit", "--cpu=300", f"--as={8 << 30}", f"--fsize={1 << 30}", "--core=0", "--")
#: Lines that the files of one export may span: each is a row.
MOST_LINES = 1 << 22


def run(
    invocation: Invocation,
    toolchain: Toolchain,
    folder: Path,
    objects: Sequence[Path] = (),
    *,
    environment: Mapping[str, str] | None = None,
    main_counts: bool = True,
) -> tuple[dict[str, pa.Table], list[Problem]]:
    """Run the instrumented program once and read its counts; the files stay in `folder`.

    `objects` are further instrumented binaries, such as shared libraries of the program's;
    `environment` is added to the run's; `main_counts`: the counter of `main` counts nothing else.
    Returns the tables `execution` and `execution_regions`, both empty when there is no profile, and
    the problems. Raises ToolMissing without llvm-profdata or llvm-cov.
    """
    profdata_tool, cov_tool = toolchain.path("llvm-profdata"), toolchain.path("llvm-cov")
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for stale in raw.glob("*.profraw"):
        stale.unlink()
    # %p: one file for each process that was started; a process that only forked adds to it.
    pattern = f"{_literal(raw)}/%p.profraw"
    additions = {**(environment or {}), "LLVM_PROFILE_FILE": pattern}
    done = invocation.run(additions=additions, discard=True)
    problems = []
    if failure(done) is not None:
        what = f"the instrumented run failed: {done.ending()}"
        problems.append(Problem(LAYER, invocation.binary.name, what))
    profiles = sorted(p for p in raw.glob("*.profraw") if p.stat().st_size)
    if not profiles:
        return _nothing(), [*problems, _no_profile(invocation.binary, done)]
    try:
        merged = _merge(profdata_tool, profiles, folder / "profile.profdata", problems)
        exported = _export(cov_tool, merged, [invocation.binary, *objects], folder, problems)
        tables, damaged = read(exported)
    except CorrError as error:
        name = invocation.binary.name
        return _nothing(), [*problems, Problem(LAYER, name, error.message, error.fix)]
    regions = tables[EXECUTION_REGIONS.name]
    problems += damaged
    if main_counts:
        problems += _fork_problems(regions, len(profiles), invocation.binary.name)
    return tables, problems


def profile_runtime(toolchain: Toolchain) -> Path | None:
    """This clang's profile library, without which an instrumented program does not link."""
    clang = toolchain.path("clang")
    for name in ("libclang_rt.profile.a", f"libclang_rt.profile-{platform.machine()}.a"):
        done = process.run([clang, f"-print-file-name={name}"], timeout=60)
        path = Path(done.stdout.decode("utf-8", "replace").strip())
        if path.is_file():
            return path
    return None


def missing_runtime(toolchain: Toolchain) -> Problem | None:
    """A Problem if this clang has no profile library to link an instrumented build with."""
    if profile_runtime(toolchain) is not None:
        return None
    package = f"libclang-rt-{toolchain.major}-dev"
    what = f"clang {toolchain.major} has no profile library, so nothing can be instrumented"
    return Problem(LAYER, "compiler-rt", what, f"on Debian: apt-get install {package}")


class _File(msgspec.Struct):
    filename: FileName
    segments: list[Segment]


Region = Annotated[list[Count], msgspec.Meta(min_length=8)]
Branch = Annotated[list[Count], msgspec.Meta(min_length=9)]


class _Function(msgspec.Struct):
    name: str
    count: Count
    filenames: list[FileName]
    regions: list[Region]
    branches: list[Branch] = []


class _Part(msgspec.Struct):
    """What is of one set of binaries; files and functions are decoded one by one."""

    files: list[msgspec.Raw]
    functions: list[msgspec.Raw]


class _Export(msgspec.Struct):
    data: list[_Part]


def read(exported: Path) -> tuple[dict[str, pa.Table], list[Problem]]:
    """The tables of a file of `llvm-cov export -format=text`, and what was passed over in it.

    Raises CorrError if it is no such export.
    """
    try:
        parts = decoded(exported.read_bytes(), _Export, exported.name).data
    except (CorrError, OSError) as error:
        why = error.message if isinstance(error, CorrError) else f"{exported.name}: {error}"
        raise CorrError(f"not an export of llvm-cov: {why}", REBUILD) from error
    damage = Damage(LAYER, exported.name)
    tables = {
        EXECUTION.name: _execution([f for part in parts for f in part.files], damage),
        EXECUTION_REGIONS.name: _regions([f for part in parts for f in part.functions], damage),
    }
    return tables, damage.problems()


def line_counts(segments: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    """(line, count) of each line that has code: LLVM's LineCoverageStats on a file's segments.

    A line's count is that of the region it lies in when it begins, or of the most frequent
    region that starts on it. Lines without a count are left out.
    """
    wrapped: Segment | None = None
    at = 0
    line = segments[0][0] if segments else 0
    while at < len(segments):
        first = at
        while at < len(segments) and segments[at][0] == line:
            at += 1
        here = segments[first:at]
        count = _line_count(here, wrapped)
        if count is not None:
            yield line, count
        wrapped = here[-1] if here else wrapped
        line += 1


def _line_count(here: Sequence[Segment], wrapped: Segment | None) -> int | None:
    starts = [s[2] for s in here if s[3] and s[4] and not s[5]]
    skipped = bool(here) and not here[0][3] and here[0][4]
    inside = wrapped is not None and wrapped[3] and not skipped
    if not starts and not inside:
        return None
    return max([wrapped[2] if wrapped is not None else 0, *starts])


def _execution(files: list[msgspec.Raw], damage: Damage) -> pa.Table:
    names: list[str] = []
    lines: list[int] = []
    counts: list[int] = []
    left = MOST_LINES
    for place, file in damage.each(files, _File, "files"):
        starts = [segment[:2] for segment in file.segments]
        spanned = starts[-1][0] - starts[0][0] if starts else 0
        if any(a > b for a, b in itertools.pairwise(starts)) or spanned > left:
            damage.note(f"{damage.output} {place}", "its segments do not ascend, or never end")
            continue
        left -= spanned
        for line, count in line_counts(file.segments):
            if _known(count) is None:
                continue
            names.append(file.filename)
            lines.append(line)
            counts.append(count)
    return pa.Table.from_arrays([names, lines, counts], schema=EXECUTION.schema)


def _regions(functions: list[msgspec.Raw], damage: Damage) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [] for name in EXECUTION_REGIONS.schema.names}
    for where, function in damage.each(functions, _Function, "functions"):
        name, unit = split_name(function.name)
        spans: list[tuple[list[int], int, int | None, int, int, int]]
        spans = [(r[:4], r[4], None, r[5], r[6], r[7]) for r in function.regions]
        spans += [(b[:4], b[4], b[5], b[6], b[7], b[8]) for b in function.branches]
        if not all(_sound(place, rest, function) for place, _, _, *rest in spans):
            damage.note(f"{damage.output} {where}", "a region ends before it starts, or in no file")
            continue
        for place, count, false_count, file_id, expanded, kind in spans:
            kind_name = KINDS[kind] if kind < len(KINDS) else f"kind {kind}"
            known = (_known(count), _known(false_count))
            values = (name, unit, function.filenames[file_id], *place, *known)
            rest = (file_id, expanded if kind_name == "expansion" else None, function.count)
            for cells, value in zip(columns.values(), (*values, kind_name, *rest), strict=True):
                cells.append(value)
    return pa.Table.from_pydict(columns, schema=EXECUTION_REGIONS.schema)


def _known(count: int | None) -> int | None:
    return None if count == MOST else count


def _sound(place: list[int], ids: list[int], function: _Function) -> bool:
    """A region has an extent, and is of a file of its function."""
    file_id, expanded, _ = ids
    numbers = max(*place, expanded) <= MOST_LINE
    return numbers and place[:2] <= place[2:] and file_id < len(function.filenames)


def split_name(name: str) -> tuple[str, str | None]:
    """(linkage name, unit): clang writes a function internal to its unit as `file.c:name`."""
    match = re.fullmatch(r"(<stdin>|[^:;]*\.\w+)[:;](.+)", name)
    return (match[2], match[1]) if match else (name, None)


def _merge(tool: Path, profiles: list[Path], out: Path, problems: list[Problem]) -> Path:
    command: list[str | Path] = [*_LIMITS, tool, "merge", "--failure-mode=all", "-o", out]
    command += profiles
    done = process.run(command)
    if not done.ok:
        raise CorrError(f"llvm-profdata cannot merge: {done.last_lines(3)}", REBUILD)
    problems += _warnings("llvm-profdata", done)
    return out


def _export(
    tool: Path, profile: Path, binaries: list[Path], folder: Path, problems: list[Problem]
) -> Path:
    out = folder / "coverage.json"
    first, *others = binaries
    command: list[str | Path] = [*_LIMITS, tool, "export", "-format=text", "-skip-expansions"]
    command += ["-instr-profile", profile, first]
    for other in others:
        command += ["-object", other]
    done = process.run(command, stdout=out)
    if not done.ok:
        raise CorrError(f"llvm-cov cannot export: {done.last_lines(3)}", REBUILD)
    problems += _warnings("llvm-cov", done)
    return out


def _warnings(tool: str, done: process.Completed) -> list[Problem]:
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    texts = [visible(line) for line in lines if "warning" in line]
    return [Problem(LAYER, tool, text, "rebuild all of the program at once") for text in texts]


def _no_profile(binary: Path, done: process.Completed) -> Problem:
    if not _instrumented(binary):
        return Problem(LAYER, binary.name, "it is not instrumented for counting", REBUILD)
    if done.timed_out:
        what = f"it wrote no profile: {done.ending()} (time limit), built to count"
        fix = "give it a smaller input, or a longer --time-limit"
        return Problem(LAYER, binary.name, what, fix)
    what = f"it wrote no profile ({done.ending()}): the counts are written when main returns"
    fix = "let it end by return or exit, not by _exit, abort, a signal or exec"
    return Problem(LAYER, binary.name, what, fix)


def _instrumented(binary: Path) -> bool:
    try:
        with elf.opened(binary) as file:
            return file.get_section_by_name("__llvm_prf_cnts") is not None
    except CorrError:
        return False


def _fork_problems(regions: pa.Table, processes: int, name: str) -> list[Problem]:
    """A forked process starts with its parent's counts and adds all of them to the file."""
    mains = [
        row["function_count"]
        for row in regions.select(["function", "function_count"]).to_pylist()
        if row["function"] == "main"
    ]
    if not mains or max(mains) <= processes:
        return []
    what = "it forks: what ran before a fork is counted once for each process"
    return [Problem(LAYER, name, what, "measure it with one process if it has such an option")]


def _nothing() -> dict[str, pa.Table]:
    return {table.name: table.empty() for table in (EXECUTION, EXECUTION_REGIONS)}


def _literal(path: Path) -> str:
    """A folder for LLVM_PROFILE_FILE, where % starts a pattern."""
    text = str(path.absolute())
    if "%" in text:
        raise CorrError(f"the folder's name has a % in it: {text}", "choose another folder")
    return text
