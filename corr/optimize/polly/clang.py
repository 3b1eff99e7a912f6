"""How clang is told to write, and to read, the nests that Polly can model (JSCoP files)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CompileError, ToolMissing
from collectors.base.foreign_text import visible
from collectors.base.process import Completed
from collectors.base.toolchain import INSTALL_LLVM
from corr.optimize.gate.refusal import Refused
from corr.optimize.polly.jscop import SUFFIX, Jscop, read

#: Polly before everything, with an order of ours and none of its own, and nothing rewritten
#: between the dependence check and code generation. Without reductions, which Polly would let run
#: in any order: then a proved order gives the same bits. Block names are part of a nest's name.
MODEL_FLAGS = (
    "-fno-discard-value-names",
    "-fno-crash-diagnostics",
    *(
        word
        for option in (
            "polly",
            "polly-position=early",
            "polly-optimizer=none",
            "polly-process-unprofitable",
            "polly-detect-reductions=0",
            "polly-enable-simplify=0",
            "polly-enable-optree=0",
            "polly-enable-delicm=0",
            "polly-enable-prune-unprofitable=0",
        )
        for word in ("-mllvm", f"-{option}")
    ),
)


def export_flags(folder: Path) -> tuple[str, ...]:
    """Flags with which clang writes the JSCoP of every nest into `folder`, importing none."""
    directory = f"-polly-import-jscop-dir={folder}"
    options = ("-polly-import=0", "-polly-export", directory)
    return (*MODEL_FLAGS, *(word for option in options for word in ("-mllvm", option)))


def import_flags(folder: Path) -> tuple[str, ...]:
    """Flags with which clang imports the JSCoPs in `folder`; none for a folder without any.

    Polly looks at the functions that have a file only, because a nest without its file is a fatal
    error to it: such a function needs the files of all its nests (`Schedule.beside`).
    """
    functions = sorted({function_of(path.name) for path in folder.glob(f"*{SUFFIX}")})
    if not functions:
        return ()
    only = ",".join(f"^{_escaped(name)}$" for name in functions)
    options = ("-polly-import", f"-polly-import-jscop-dir={folder}", f"-polly-only-func={only}")
    return (*MODEL_FLAGS, *(word for option in options for word in ("-mllvm", option)))


def read_folder(folder: Path) -> dict[str, Jscop]:
    """The JSCoPs in a folder by file name; what is none is left out."""
    found = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            found[path.name] = read(path.name, path.read_text("utf-8"))
        except (Refused, OSError, UnicodeDecodeError):
            continue
    return found


def adopt(
    command: Sequence[str | Path], source: Sequence[str | Path], directory: Path, folder: Path
) -> int:
    """Make the JSCoPs in `folder` known under the names that their nests have in `source`.

    `command` compiles the unit with `import_flags(folder)` among its flags. Where the same code
    comes with other block names (tagged IR), the nests have other names; they are told by what is
    in them. Gives how many files were added. Raises CompileError.
    """
    here = read_folder(folder)
    out = subfolder(folder, "renamed")
    argv = [*command, *export_flags(out), "-g", "-S", "-emit-llvm", *source, "-o", "/dev/null"]
    answer(argv, directory, "the unit")
    added = 0
    for name, scop in read_folder(out).items():
        twin = next((known for known in here.values() if known.same_nest(scop)), None)
        if twin is not None and name not in here:
            renamed = replace(twin, file=name, region=scop.region)
            (folder / name).write_text(renamed.text())
            added += 1
    return added


def answer(argv: Sequence[str | Path], directory: Path, label: str) -> Completed:
    done = process.run(argv, cwd=directory)
    if done.ok:
        return done
    text = done.stderr.decode("utf-8", "replace")
    if "Unknown command line argument '-polly" in text:
        raise ToolMissing("this clang has no Polly, which schedules need", INSTALL_LLVM)
    told = text.partition("PLEASE submit a bug report")[0] or text
    lines = [visible(line) for line in told.strip().splitlines()[-40:]]
    raise CompileError("\n".join([f"{label} does not compile:", *lines]))


def function_of(file: str) -> str:
    return file.removesuffix(SUFFIX).rpartition("___%")[0] or file.partition("___")[0]


def _escaped(name: str) -> str:
    """The name as a POSIX extended regular expression in a list that commas divide."""
    return re.sub(r"[.\[\](){}*+?|^$\\]", r"\\\g<0>", name).replace(",", ".")


def subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(exist_ok=True)
    return path
