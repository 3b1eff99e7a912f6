"""What is known of a run: what ran, built and run how, where and when. JSON in run.json only.

Runs of earlier versions lack facts that were added since, those of other kinds lack some always:
each has a default. What a newer version says beyond them is kept as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

_OPTIMISES = re.compile(r"-O(\d|s|z|g|fast)?$")
_LLVM = re.compile(r"\bclang (\d+)")


@dataclass(frozen=True)
class SourceFacts:
    """A translation unit: its file as tables name it, its content, and its compilation."""

    file: str
    sha256: str | None = None
    directory: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunFacts:
    """What run.json says of a run. Times in seconds; those of repetitions are medians, as `load`.

    `flags` are those of the first unit. `run_inputs` are hashes of the files that the program was
    given by name, `surroundings` the environment's variables that make a difference. `revision` is
    git's, `-dirty` if changed; with `at_revision` the sources were those of that commit, whatever
    lay in the folder; `corr` is the version that made the run. `loops_of` is the run whose
    loops an imported one has. The runs of an optimisation tell its `session`, their `iteration` or
    `role` in it; the first one what was asked for (`order`). `last` and a program's name pass by a
    run that is `aside`: an experiment, or a step of an optimisation without layers. `tables` has
    the version of each table's schema; `newer` what this version of corr does not know.
    """

    program: str | None = None
    kind: str = "collect"
    label: str | None = None
    started: datetime | None = None
    seconds: float | None = None
    problems: int = 0

    root: str | None = None
    sources: tuple[SourceFacts, ...] = ()
    flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = ()
    link_directory: str | None = None

    run_args: tuple[str, ...] = ()
    run_stdin: str | None = None
    run_env: Mapping[str, str] = field(default_factory=dict)
    run_inputs: Mapping[str, str] | None = None
    surroundings: Mapping[str, str] | None = None
    run_directory: str | None = None
    run_time_limit: float | None = None
    run_ok_status: tuple[int, ...] = (0,)

    compiler: str | None = None
    cpu: str | None = None
    cores: int | None = None
    caches: tuple[Mapping[str, int], ...] = ()
    vector_bits: int | None = None
    kernel: str | None = None
    revision: str | None = None
    at_revision: bool = False
    corr: str | None = None

    wall: float | None = None
    kernel_seconds: float | None = None
    cpu_seconds: float | None = None
    load: float | None = None

    loops_of: str | None = None
    session: str | None = None
    iteration: int | None = None
    role: str | None = None
    aside: bool = False
    order: Mapping[str, Any] | None = None

    tables: Mapping[str, int] = field(default_factory=dict)
    newer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The program, as it is spoken of."""
        return self.program or "a program without a name"

    @property
    def built_with(self) -> str:
        """The first unit's flags, and how many units are optimised otherwise."""
        return built_with(self.flags, [source.flags for source in self.sources])

    @property
    def llvm_major(self) -> int | None:
        """The major version of the LLVM that built it."""
        found = _LLVM.search(self.compiler or "")
        return int(found[1]) if found else None

    @property
    def root_folder(self) -> Path:
        """The folder that file names are relative to."""
        return Path(self.root or ".")

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> RunFacts:
        """The facts of a record. A value of another type than ours is as if it was not there."""
        types = _types()
        known = {n: v for n, v in record.items() if n in types and v is not None}
        newer = {n: v for n, v in record.items() if n not in types and n not in _OF_THE_LAKE}
        try:
            return msgspec.convert(known | {"newer": newer}, cls)
        except msgspec.ValidationError:
            sound = {n: v for n, v in known.items() if _is_sound(v, types[n])}
            return msgspec.convert(sound | {"newer": newer}, cls)

    def to_json(self) -> dict[str, Any]:
        """As run.json has it, with what a newer version said."""
        record: dict[str, Any] = msgspec.to_builtins(self, builtin_types=(datetime,))
        record["started"] = self.started.isoformat() if self.started else None
        newer: dict[str, Any] = record.pop("newer")
        return record | newer


#: What run.json says beside the facts: of the folder that it is in.
_OF_THE_LAKE = frozenset({"run_id", "format", "newer"})


def built_with(flags: Sequence[str], units: Sequence[Sequence[str]]) -> str:
    """The first unit's flags, and how many of the units are optimised otherwise."""
    levels = Counter(_level(of_unit) for of_unit in units)
    own = levels.pop(_level(flags), 0)
    if not own or not levels:
        return " ".join(flags)
    others = ", ".join(f"{level} in {count}" for level, count in levels.most_common())
    return f"{' '.join(flags)} (in {own} of {len(units)} units; {others})"


def _level(flags: Sequence[str]) -> str:
    """The flag for how far to optimise: the last one counts."""
    return next((flag for flag in reversed(flags) if _OPTIMISES.match(flag)), "no -O")


@cache
def _types() -> dict[str, Any]:
    """The type of each fact that run.json may have."""
    hints = get_type_hints(RunFacts)
    return {f.name: hints[f.name] for f in fields(RunFacts) if f.name != "newer"}


def _is_sound(value: Any, type: Any) -> bool:
    try:
        msgspec.convert(value, type)
    except msgspec.ValidationError:
        return False
    return True
