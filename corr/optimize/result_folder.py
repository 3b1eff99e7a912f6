"""What an optimisation leaves: the best program as files, how to build it, and what it is worth."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from collectors.base.errors import CorrError, UsageError
from collectors.base.toolchain import Toolchain
from corr.optimize.inputs import Input
from corr.optimize.layout import ORDER
from corr.optimize.moves.both_texts import with_both_texts
from corr.optimize.moves.formatted import formatted
from corr.optimize.moves.source_text import diff
from corr.optimize.session import Session
from corr.optimize.training import INSTRUMENTED, QUIET
from corr.optimize.variant import Variant
from corr.program.model import Program, Unit

#: What tells a folder of ours, which may be written again, from one that is the user's.
FACTS = "result.json"
#: The counts that BOLT lays a program out by.
COUNTS = "program.fdata"
#: The profile that a trained program is built with.
PROFILE = "program.profdata"


def check_target(folder: Path) -> None:
    """Raise UsageError unless a result may be written into the folder: none of the user's."""
    if not folder.exists() or (folder / FACTS).is_file():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise UsageError(
            f"{folder} is there already, and is no result of corr optimize",
            "name another folder for the result with -o",
        )


def write(session: Session, folder: Path, compiler: Path, *, final: bool = True) -> list[Path]:
    """Write the best variant into a folder: changed sources, IR, schedules, the diff, a script.

    Only what differs from the original is written, and what an earlier result left is removed.
    `final` False: it was not measured again. Raises UsageError for a folder of the user's, and
    CorrError where it cannot be written.
    """
    check_target(folder)
    try:
        return _write(session, folder, compiler, final)
    except OSError as error:
        raise CorrError(
            f"the result cannot be written to {folder}: {error.strerror or error}",
            "it is kept in the lake: `corr optimize --resume last -o FOLDER`",
        ) from error


def _write(session: Session, folder: Path, compiler: Path, final: bool) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    _remove_earlier(folder)
    best = session.best
    shown = formatted(with_both_texts(best), session.contest.builds.toolchain)
    program = best.program
    written: list[Path] = []

    def put(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", "surrogateescape", newline="")
        written.append(path)
        return path

    # first, so that a folder that is cut short is known as ours
    (folder / FACTS).write_text("{}\n")
    for path, text in shown.texts.items():
        put(_inside(path, program), text)
    for source, text in best.ir.items():
        put(_module(source, program), text)
    for source, files in best.schedules.items():
        for name, text in files.items():
            put(f"{_schedules(source, program)}/{name}", text)
    for source, calls in best.inlined.items():
        if calls.decisions:
            put(_calls(source, program), calls.table)
    patch = diff(shown)
    if patch:
        put("changes.patch", patch)
    train: list[str] = []
    if best.trained:
        builds = session.contest.builds
        (folder / PROFILE).write_bytes(builds.profile(best) or b"")
        written.append(folder / PROFILE)
        train = list(_train_lines(program, builds.toolchain, builds.training.inputs))
    order: list[str] = []
    if best.laid_out:
        builds = session.contest.builds
        (folder / COUNTS).write_bytes(builds.layouts.counts.get(builds.build(best), b""))
        written.append(folder / COUNTS)
        order = list(_layout_lines(program.name, builds.toolchain))
    script = _script(best, compiler, session.sums, train, order)
    put("build.sh", script).chmod(0o755)
    if best.environment:
        put("run.sh", _run_script(best)).chmod(0o755)
    names = [str(path.relative_to(folder)) for path in written]
    put(FACTS, json.dumps(_facts(session, names, final), indent=1) + "\n")
    return written


def _facts(session: Session, files: list[str], final: bool) -> dict[str, Any]:
    best = session.best
    return {
        "program": best.program.name,
        "session": session.name,
        "speedup": round(1 / session.best_ratio, 4),
        "measured_again": final,
        "guarantee": str(session.best_guarantee),
        "guarantee_detail": session.best_basis,
        "flags": list(best.flags),
        "profile_guided": best.trained,
        "laid_out": best.laid_out,
        "environment": dict(best.environment),
        "moves": [move.describe() for move in best.moves],
        "files": files,
    }


def _remove_earlier(folder: Path) -> None:
    """Remove what an earlier result wrote, by its own list."""
    try:
        names = json.loads((folder / FACTS).read_text())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in names if isinstance(names, list) else ():
        path = (folder / str(name)).resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            path.unlink()


def _inside(path: Path, program: Program) -> str:
    """The name of a file below the result's folder."""
    if path.is_relative_to(program.root):
        return str(path.relative_to(program.root))
    return str(path).lstrip("/")


def _module(source: Path, program: Program) -> str:
    return str(Path(_inside(source, program)).with_suffix(".opt.ll"))


def _schedules(source: Path, program: Program) -> str:
    return f"{_inside(source, program)}.schedules"


def _calls(source: Path, program: Program) -> str:
    return f"{_inside(source, program)}.replay"


# --- the script ------------------------------------------------------------------------------


def _script(
    best: Variant,
    compiler: Path,
    sums: Mapping[Path, str],
    train: Sequence[str],
    order: Sequence[str],
) -> str:
    lines = ["#!/bin/sh", "# Builds the optimised program from the files beside this script.", ""]
    if train:
        lines[2:] = [f"# With the argument `train`, {PROFILE} is made anew before.", ""]
    lines += ["set -e", 'here=$(cd "$(dirname "$0")" && pwd)']
    lines += _unchanged(sums)
    lines += _overlay(best)
    lines += ["", "build() {  # with further flags", *_build_lines(best, compiler), "}", ""]
    if train:
        lines += train
        lines.append(f'build -fprofile-use="$here"/{PROFILE} {" ".join(QUIET)}')
    else:
        lines.append("build")
    lines += order
    if best.texts:
        lines.append(f"rm {OVERLAY}")
    return "\n".join(lines) + "\n"


def _build_lines(best: Variant, compiler: Path) -> Iterator[str]:
    objects = []
    for number, command in enumerate(commands(best, compiler)):
        yield command
        objects.append(f'"$here"/unit{number}.o')
    names = " ".join(objects)
    link = shlex.join([*best.program.link_flags, *best.flags])
    last = " ".join(["", *map(shlex.quote, best.link)])
    linker = shlex.quote(str(linker_of(best.program, compiler)))
    target = shlex.quote(best.program.name)
    yield f"cd {shlex.quote(str(best.program.directory))}"
    yield f'{linker} {names} {link} "$@"{last} -o "$here"/{target}'
    yield f"rm {names}"


def _layout_lines(program: str, tools: Toolchain) -> Iterator[str]:
    """What puts the code in its order once it is linked."""
    tool, name = shlex.quote(str(tools.path("llvm-bolt"))), shlex.quote(program)
    yield f'mv "$here"/{name} "$here"/{name}.linked'
    yield f'{tool} "$here"/{name}.linked -data="$here"/{COUNTS} {" ".join(ORDER)} -o "$here"/{name}'
    yield f'rm "$here"/{name}.linked'


def _train_lines(program: Program, tools: Toolchain, trained: Sequence[Input]) -> Iterator[str]:
    """What makes the profile anew: an instrumented build, its runs, and their profiles merged."""
    run, target = program.run, shlex.quote(program.name)
    yield 'if [ "${1:-}" = train ]; then'
    yield f"build {' '.join(INSTRUMENTED)}"
    yield f"cd {shlex.quote(str(run.directory))}"
    raw = []
    for number, given in enumerate(trained):
        raw.append(f'"$here"/{number}.profraw')
        named = " ".join(f"{name}={shlex.quote(value)}" for name, value in given.env.items())
        words = " ".join(["", *map(shlex.quote, given.args)])
        stdin = f" <{shlex.quote(str(run.stdin))}" if run.stdin is not None else ""
        command = f'LLVM_PROFILE_FILE={raw[-1]} "$here"/{target}{words}{stdin} >/dev/null'
        yield f"{f'{named} ' if named else ''}{command} || true"
    merge = shlex.quote(str(tools.path("llvm-profdata")))
    yield f'{merge} merge -o "$here"/{PROFILE} {" ".join(raw)}'
    yield f"rm {' '.join(raw)}"
    yield "fi"


def _run_script(best: Variant) -> str:
    """What runs the program in the environment that it was timed in."""
    lines = ["#!/bin/sh", "# Runs the optimised program with the settings that it was timed with."]
    lines += ['here=$(cd "$(dirname "$0")" && pwd)']
    lines += [f"export {name}={shlex.quote(value)}" for name, value in best.environment]
    lines.append(f'exec "$here"/{shlex.quote(best.program.name)} "$@"')
    return "\n".join(lines) + "\n"


def _unchanged(sums: Mapping[Path, str]) -> list[str]:
    """What ends the script where a source is not the one that was optimised."""
    plain = {path: value for path, value in sums.items() if not set("\\\n") & set(str(path))}
    if not plain:
        return []
    told = "a source is gone, or has changed since this program was made of it: optimise again"
    return [
        "if command -v sha256sum >/dev/null; then",
        "sha256sum --check --quiet - <<'END' || " + f'{{ echo "{told}" >&2; exit 1; }}',
        *(f"{value}  {path}" for path, value in sorted(plain.items())),
        "END",
        "fi",
    ]


OVERLAY = '"$here"/overlay.json'


def _overlay(best: Variant) -> list[str]:
    """What makes clang read the changed texts in place of the originals, headers too."""
    if not best.texts:
        return []
    roots = []
    for path in sorted(best.texts):
        name, copy = (
            _in_heredoc(json.dumps(t)[1:-1]) for t in (str(path), _inside(path, best.program))
        )
        roots.append(f'  {{"type": "file", "name": "{name}", "external-contents": "$here/{copy}"}}')
    start = '{"version": 0, "use-external-names": false, "roots": ['
    return [f"cat >{OVERLAY} <<END", start, ",\n".join(roots), "]}", "END"]


def _in_heredoc(text: str) -> str:
    """Text that a shell leaves as it is in a here-document in which it replaces `$here`."""
    for character in "\\$`":
        text = text.replace(character, "\\" + character)
    return text


def commands(best: Variant, compiler: Path) -> list[str]:
    """The command that compiles each unit; `$here` is the result's folder."""
    return [
        _command(best, unit, number, compiler) for number, unit in enumerate(best.program.units)
    ]


def _not_there(more: Sequence[str], flags: Sequence[str]) -> list[str]:
    """Further flags, without a level of optimisation that is the last one already."""
    level = [flag for flag in flags if flag.startswith("-O")][-1:]
    levels = [flag for flag in more if flag.startswith("-O")]
    return [flag for flag in more if levels != level or flag not in level]


def _command(best: Variant, unit: Unit, number: int, compiler: Path) -> str:
    from corr.optimize.polly.clang import import_flags

    program = best.program
    name = compiler.name.replace("clang", "clang++", 1) if unit.cxx else compiler.name
    words = [str(compiler.with_name(name)), *unit.flags, *_not_there(best.flags, unit.flags)]
    quoted = [*(shlex.quote(word) for word in words), '"$@"']
    if unit.source in best.schedules:
        quoted += _import(best, unit, import_flags)
    if unit.source in best.inlined:
        table = _calls(unit.source, program)
        place = Path("/") / table.rpartition("/")[2]
        told = best.inlined[unit.source].flags(unit, place)
        quoted += _from_here(told, str(place), table)
    if best.texts:
        quoted.append(f"-ivfsoverlay{OVERLAY}")
    for path in sorted(best.texts):
        # for a build with -g: the debugger shows the text that was compiled
        copy = shlex.quote(_inside(path, program))
        quoted.append(f'-fdebug-prefix-map={shlex.quote(str(path))}="$here"/{copy}')
    source = shlex.quote(str(unit.source))
    if unit.source in best.ir:
        module = shlex.quote(_module(unit.source, program))
        source = f'-Wno-override-module -Xclang -disable-llvm-passes -x ir "$here"/{module}'
    start = f"cd {shlex.quote(str(unit.directory))} && "
    return f'{start}{" ".join(quoted)} -c {source} -o "$here"/unit{number}.o'


def _import(best: Variant, unit: Unit, import_flags: Any) -> list[str]:
    """Polly's options, the folder of schedules named from `$here`."""
    from collectors.base.scratch import scratch

    place = _schedules(unit.source, best.program)
    with scratch("flags") as folder:
        for name in best.schedules[unit.source]:
            (folder / name).touch()
        flags = import_flags(folder)
    return _from_here(flags, str(folder), place)


def _from_here(flags: Iterable[str], path: str, place: str) -> list[str]:
    """Flags for the script; where they name `path` they name `place` in the result's folder."""
    parts = []
    for flag in flags:
        before, named, after = flag.partition(path)
        text = shlex.quote(before) if before else ""
        parts.append(f'{text}"$here"/{shlex.quote(place + after)}' if named else text)
    return parts


def linker_of(program: Program, compiler: Path) -> Path:
    """clang, or clang++ where a unit is C++."""
    if any(unit.cxx for unit in program.units):
        return compiler.with_name(compiler.name.replace("clang", "clang++", 1))
    return compiler
