"""How a study begins: a file with comments, or sources and the name of a knob."""

from __future__ import annotations

from pathlib import Path

from collectors.base import toolchain
from collectors.base.errors import UsageError
from corr.program.model import find_source
from corr.search.clang_options import one, options
from corr.search.study import Build, Cases, Knob, KnobKind, Run, Study, Value, located
from corr.system.disk import disk_errors, write_whole

#: Every kernel that ships with corr includes it: it prints a digest of its results, if asked to.
HARNESS = b"corr_harness.h"

TEMPLATE = """\
# A study of `corr search`: which value of a constant is best for which case.
#   corr search quick {file}            a few values: does it work, is there anything to gain?
#   corr search full {file}             all of them; recommended code, applied and proved
#   corr search analyze {file}          the same from what is known, without a run
# Names of files are relative to this one. Times are seconds unless a unit is said.
name = "{name}"
# shell = true                    # commands are given to /bin/sh; else they are lists of arguments
# inputs = ["data/*.bin"]         # files that results depend on, beside those that commands name

{knobs}
# --- cases: one of file, table and generate ------------------------------------------------------
[cases]
# file = "cases.txt"              # one a line: `conv -n 16 -c 2048` has the features n and c
# pattern = '(?P<op>\\w+) (?P<m>\\d+)x(?P<n>\\d+)'   # or features by the groups of an expression
# table = "cases.csv"             # a column a feature
generate = {{ program = ["gemm.c", "lu.c"], size = [100, 200, 300, 400] }}
# where = "size < 1000"           # only these
[cases.features]                  # further ones, by arithmetic
work = "size ** 3"

# --- how a case is built and run -----------------------------------------------------------------
# In commands: {{knob}} are the compiler's arguments, {{value}} or {{knob.NAME}} a value alone,
# {{case}} the case's line, {{words}} its words, {{FEATURE}} a feature, {{output}} the file that is
# built and run, {{input}} the filled template, {{artifact}} the compiler that was built for a
# constant in its source, {{folder}} this folder.
[build]
sources = ["{{program}}"]         # C or C++, by clang with the knob's arguments
flags = ["-O3"]
# command = ["cc", "{{knob}}", "{{input}}", "-o", "{{output}}"]   # or any compiler
# template = "matmul.mlir.in"     # its {{FEATURE}} and {{knob.NAME}} are filled in, as {{input}}
# input-suffix = ".mlir"
# version = ["cc", "--version"]   # results of another version are not used
[run]
args = ["--size", "{{size}}", "--digest"]
# command = ["{{output}}"]
# env = {{ OMP_NUM_THREADS = "1" }}
time-limit = 60

[time]
clock = "auto"    # lines `kernel_seconds 0.1` in the file CORR_TIMES, else wall
# clock = "regex"                 # or wall, cpu, own, json, google-benchmark
# pattern = 'took ([0-9.]+) ms'   # regex: RE2's, line by line
# path = "results[*].time"        # json
# unit = "ms"
# take = "median"                 # of several: first, last, min, median, sum

[check]
output = true     # a value that prints something else than the baseline is wrong
# ignore = '^time:'               # lines that differ by nature
# tolerance = 1e-9                # numbers may be off by as much of themselves; `absolute` too
# command = ["./verify", "{{stdout}}"]

[measure]         # pairs of baseline and value, in turn, until it is decided
fewest = 3
most = 15
seconds = 20
time-out = 3      # times the baseline, plus `patience` seconds
patience = 1

# [sample]        # several knobs with too many combinations: Optuna chooses
# trials = 60

[recommend]
# features = ["size"]             # which may decide; all, if none is named
# classes = "program"             # a recommendation for each
languages = ["c++"]               # c++, c, python, toml, flags
# variable = "limit"              # what the code sets; `type = "-"`: declared elsewhere
# names = {{ size = "op.size()" }}   # what a feature is called in the code
loss = 0.01       # fewest steps that lose no more

[prove]
held-out = 0.3    # share of the cases that no recommendation is fitted to
# by = "size"                     # strata
# whole = true                    # whole sizes are held out
"""

KNOB = """\
[[knobs]]
name = "{name}"
kind = "mllvm"      # flag, mllvm, macro, environment, template, source
# option = "-funroll-limit={{value}}"   # flag: the argument; mllvm, macro, environment: its name
values = [{values}]
# range = {{ first = 0, last = 100, step = 10 }}
# powers = {{ first = 1, last = 1024, base = 2 }}
# quick = [1, 64]               # those of `corr search quick`
# baseline = 32                 # what the others are compared with; else: the knob left alone
# off = false                   # leaving it alone is nothing to try; needs a baseline
# kind = "source": a constant in a compiler's source, which is built again for each value
# file = "lib/SetSizes.cpp"
# find = "int64_t limit = {{value}};"
# rebuild = ["cmake", "--build", "build", "--target", "compiler"]
# artifact = "build/bin/compiler"      # kept for each value: {{artifact}} in a command

"""


def write_study(file: Path, knobs: list[str], *, force: bool) -> None:
    """Write a study with comments. Raises UsageError where a file is in the way."""
    if file.exists() and not force:
        raise UsageError(f"{file} is there already", "--force replaces it")
    found = [_knob(text) for text in knobs or ["unroll-threshold=50,150,300,600"]]
    parts = [
        KNOB.format(name=knob.name, values=", ".join(map(_spelled, knob.every()))) for knob in found
    ]
    text = TEMPLATE.format(file=file.name, name=file.stem, knobs="".join(parts))
    with disk_errors(file):
        write_whole(file, text)


def of_sources(files: list[str], knobs: list[str], sizes: str | None, folder: Path) -> Study:
    """A study of sources, each a program, each at these sizes. Raises UsageError."""
    found = [_knob(text) for text in knobs]
    sources = [find_source(name, folder) for name in files]
    args = []
    if sizes:
        args += ["--size", "{size}"]
    if all(HARNESS in source.read_bytes() for source in sources):
        args.append("--digest")
    lists: dict[str, list[Value]] = {"program": [*files]}
    if sizes:
        lists["size"] = [_number(text) for text in sizes.split(",")]
    names = ", ".join(knob.name for knob in found)
    study = Study(
        name=names.replace(", ", "+"),
        knobs=found,
        cases=Cases(generate=lists),
        build=Build(sources=["{program}"]),
        run=Run(args=args),
    )
    return located(study, folder / names, "")


def _knob(text: str) -> Knob:
    """The knob that `NAME` or `NAME=VALUE,VALUE` means: an option of LLVM, which there must be."""
    name, _, given = text.partition("=")
    option = one(options(toolchain.find()), name)
    values = [_value(v.strip()) for v in given.split(",")] if given else option.values()
    return Knob(name=option.name, kind=KnobKind.mllvm, values=values)


def _value(text: str) -> Value:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _number(text: str) -> Value:
    found = _value(text.strip())
    if isinstance(found, str) and not found:
        raise UsageError("--sizes: numbers with commas, 100,200,400")
    return found


def _spelled(value: Value) -> str:
    import json

    return json.dumps(value)
