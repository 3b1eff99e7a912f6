"""The programs that are changed, how a session is asked to check them, and texts that candidates replace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support import polybench

PROGRAMS = Path(__file__).parent / "programs"
HARNESS = Path(__file__).parent.parent.parent / "kernels" / "corr_harness.h"


#: What tool.c is given to read.
LINES = "".join(f"{n * n % 9973} The quick brown fox, {n}\n" for n in range(60_000))


@dataclass(frozen=True)
class Subject:
    """`what` it is, in the table's words; `options` of `corr optimize` that name its inputs."""

    file: str
    what: str
    options: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Everything that it is made of, into an empty folder."""
        if self.file == "nest.c":
            polybench.write(folder)
            return
        (folder / self.file).write_text((PROGRAMS / self.file).read_text())
        (folder / HARNESS.name).write_text(HARNESS.read_text())
        if self.file == "tool.c":
            (folder / "lines.txt").write_text(LINES)

    def text(self) -> str:
        return polybench.NEST if self.file == "nest.c" else (PROGRAMS / self.file).read_text()


SUBJECTS = {
    "matrix": Subject("matrix.c", "a kernel on corr's harness"),
    "waves": Subject(
        "waves.c",
        "C that prints numbers",
        (
            *("--run-args", "300000 1 1.0", "--input", "2000 5 100.0"),
            *("--held-out", "4099 77 1e-310", "--held-out", "310001 9 3.5"),
        ),
    ),
    "file": Subject("file.c", "C whose result is a file"),
    "rows": Subject(
        "rows.cpp",
        "C++ with std::vector",
        ("--run-args", "360 1", "--input", "50 3", "--held-out", "61 8", "--held-out", "363 4"),
    ),
    "threads": Subject(
        "threads.c",
        "C with OpenMP",
        ("--run-args", "400 1", "--input", "50 3", "--held-out", "61 8", "--held-out", "403 4"),
    ),
    "tool": Subject(
        "tool.c",
        "C that takes a mode, numbers and a file",
        ("--run-args", "all 0 3000000 3.5 lines.txt"),
    ),
    "nest": Subject("nest.c", "a program in the manner of PolyBench"),
}


def between(program: str, first: str, last: str) -> str:
    """The text of a program from one text to the end of another."""
    text = SUBJECTS[program].text()
    start = text.index(first)
    return text[start : text.index(last, start) + len(last)]


def function(program: str, head: str) -> str:
    """A whole function, by how it begins."""
    return between(program, head, "\n}\n")


def lines(*texts: str) -> str:
    return "".join(f"{text}\n" for text in texts)
