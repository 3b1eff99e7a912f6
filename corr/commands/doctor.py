"""`corr doctor`: which tools are here, and what the missing ones cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from collectors.base.errors import ExitCode
from corr.commands.options import FormatOption
from corr.console.output import Format, emit, emit_records

if TYPE_CHECKING:
    from collectors.base.toolchain import Toolchain

#: Tool, package in Debian, what one loses without it.
LLVM = {
    "clang": ("clang-22", "nothing works without it"),
    "clang++": ("clang-22", "no C++ programs"),
    "llvm-objdump": ("llvm-22", "no machine code, so no llvm-mca and no sample by line"),
    "llvm-symbolizer": ("llvm-22", "machine code without source places and inline frames"),
    "llvm-cxxfilt": ("llvm-22", "C++ names stay mangled"),
    "llvm-mca": ("llvm-22", "no machine model: cycles per iteration, bound"),
    "llvm-profdata": ("llvm-22", "no execution counts, no trip counts"),
    "llvm-cov": ("llvm-22", "no execution counts, no trip counts"),
    "llvm-extract": ("llvm-22", "no hybrids of two builds: corr diff --swap"),
    "llvm-link": ("llvm-22", "no hybrids of two builds: corr diff --swap"),
    "llvm-objcopy": ("llvm-22", "no hybrids of two builds: corr diff --swap"),
    "llvm-nm": ("llvm-22", "libraries of bitcode (-flto) stay unread"),
    "llvm-bolt": ("bolt-22", "no layout of whole programs by their runs in corr optimize"),
    "clang-format": ("clang-format-22", "what corr optimize writes is not in your .clang-format"),
    "opt": ("llvm-22", "more mutants that change nothing are built before they are known"),
}
OTHERS = {
    "perf": ("linux-perf", "no samples and no counters: nothing says which loop is hot"),
    "valgrind": ("valgrind", "no cachegrind: no per-line counts where there is no PMU"),
    "bwrap": ("bubblewrap", "no sandbox: candidate programs are not run"),
    "git": ("git", "runs do not know their source revision"),
}


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    workers: Annotated[
        str | None,
        typer.Option("--workers", help="Dask's scheduler, tcp://… or its file: show its hosts."),
    ] = None,
    format: FormatOption = Format.table,
) -> None:
    """Print each tool, its version, what a missing one costs and how to install it.

    With --workers instead each host that measures: its kind, what else it does, tools it lacks.
    """
    import pyarrow as pa

    if workers is not None:
        _show_hosts(workers, format)
        return
    rows = [*_llvm_rows(), *_other_rows(), *_machine_rows()]
    if format == Format.table:
        shown = {name: (name, None) for name in ("what", "state", "version", "where")}
        emit_records(rows, shown, lambda row: [row["note"]] if row["note"] else [])
    else:
        emit(pa.Table.from_pylist(rows), format)
    if any(row["what"] == "clang" and row["state"] != "ok" for row in rows):
        raise typer.Exit(ExitCode.tool_missing)


def _show_hosts(address: str, format: Format) -> None:
    """The workers of a scheduler, those that measure first."""
    import pyarrow as pa

    from corr import __version__
    from corr.workers import hosts

    client = hosts.connected(address)
    try:
        found = hosts.described(client)
    finally:
        client.close()
    kind = hosts.commonest(found)
    rows = []
    for worker, row in sorted(found.items(), key=lambda p: (p[1]["machine"] != kind, p[0])):
        notes = []
        if row["machine"] != kind:
            notes.append(f"of another kind than most ({kind}): nothing is measured on it")
        if not row["timer"]:
            notes.append("has no resource timer=1: two workers of one host may time at once")
        if row["corr"] != __version__:
            notes.append(f"has corr {row['corr']}, this is {__version__}: install the same")
        if row["lacks"]:
            notes.append(f"lacks {', '.join(row['lacks'])}")
        measures = row["machine"] == kind
        rows.append({"worker": worker, **row, "measures": measures, "notes": notes})
    if format != Format.table:
        emit(pa.Table.from_pylist(rows), format)
        return
    columns = ("worker", "host", "machine", "kernel", "load", "llvm", "threads", "measures")
    emit_records(rows, {name: (name, None) for name in columns}, lambda row: row["notes"])


def _row(what: str, state: str, version: str, where: str, note: str = "") -> dict[str, str]:
    return {"what": what, "state": state, "version": version, "where": where, "note": note}


def _missing(what: str, package: str, loss: str) -> dict[str, str]:
    return _row(what, "missing", "", "", f"{loss}; on Debian: apt-get install {package}")


def _llvm_rows() -> list[dict[str, str]]:
    from collectors.base import toolchain
    from collectors.base.errors import ToolMissing

    try:
        found = toolchain.find()
    except ToolMissing:
        return [_missing(tool, package, loss) for tool, (package, loss) in LLVM.items()]
    rows = []
    for tool, (package, loss) in LLVM.items():
        if found.has(tool):
            rows.append(_row(tool, "ok", found.version, str(found.path(tool))))
        else:
            rows.append(_missing(tool, package.replace("22", str(found.major)), loss))
    rows += [_runtime_row(found), _openmp_row(found)]
    return rows


def _runtime_row(found: Toolchain) -> dict[str, str]:
    """clang's profile runtime, without which an instrumented program does not link."""
    from collectors.measured.execution import profile_runtime

    path = profile_runtime(found)
    if path is None:
        return _missing("profile runtime", f"libclang-rt-{found.major}-dev", "no execution counts")
    return _row("profile runtime", "ok", str(found.major), str(path))


def _openmp_row(found: Toolchain) -> dict[str, str]:
    """LLVM's OpenMP runtime, which -fopenmp links whether or not a directive needs it."""
    from collectors.base import process

    answer = process.run([found.path("clang"), "-print-file-name=libomp.so"])
    path = answer.stdout.decode("utf-8", "replace").strip()
    if not path.startswith("/"):
        loss = "programs with OpenMP, and the optimiser's loop directives, do not link"
        return _missing("OpenMP runtime", f"libomp-{found.major}-dev", loss)
    return _row("OpenMP runtime", "ok", str(found.major), path)


def _other_rows() -> list[dict[str, str]]:
    from collectors.base import toolchain

    rows = []
    for tool, (package, loss) in OTHERS.items():
        path = toolchain.other(tool)
        if path is None:
            rows.append(_missing(tool, package, loss))
        else:
            rows.append(_row(tool, "ok", toolchain.version_of(path), str(path)))
    return rows


def _machine_rows() -> list[dict[str, str]]:
    return [_pmu_row(), _permission_row(), _sandbox_row()]


def _pmu_row() -> dict[str, str]:
    from collectors.base import process, toolchain

    perf = toolchain.other("perf")
    if perf is None:
        return _row("PMU", "unknown", "", "", "perf is needed to tell")
    answer = process.run([perf, "stat", "-x,", "-e", "cycles:u,instructions:u", "true"], timeout=30)
    text = answer.stderr.decode("utf-8", "replace")
    if answer.ok and "<not supported>" not in text and "<not counted>" not in text:
        return _row("PMU", "ok", "", "cycles, instructions")
    note = "no hardware counters (usual in a virtual machine): time is sampled by cpu-clock"
    return _row("PMU", "missing", "", "", f"{note}, instructions can be counted by --cachegrind")


def _permission_row() -> dict[str, str]:
    import os
    from pathlib import Path

    path = Path("/proc/sys/kernel/perf_event_paranoid")
    try:
        level = int(path.read_text())
    except (OSError, ValueError):
        return _row("perf permission", "missing", "", "", "this kernel has no perf events")
    if os.geteuid() == 0 or level <= 2:
        return _row("perf permission", "ok", str(level), str(path))
    note = "perf may not measure your programs; as root: sysctl kernel.perf_event_paranoid=1"
    return _row("perf permission", "missing", str(level), str(path), note)


def _sandbox_row() -> dict[str, str]:
    from collectors.base import process, toolchain

    bwrap = toolchain.other("bwrap")
    if bwrap is None:
        return _row("sandbox", "missing", "", "", OTHERS["bwrap"][1])
    answer = process.run([bwrap, "--ro-bind", "/", "/", "--unshare-all", "true"], timeout=30)
    if answer.ok:
        return _row("sandbox", "ok", "", "user namespaces")
    note = f"bwrap cannot make a namespace here: {answer.last_lines(1)}"
    return _row("sandbox", "missing", "", str(bwrap), note)
