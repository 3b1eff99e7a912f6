"""A constant in the compiler's own source: edited, the compiler built again, its build kept.

The source is the user's, so an edit never outlives the build: the text as it was stands beside it
meanwhile, and whoever comes after a kill puts it back first.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CorrError, UsageError
from collectors.base.foreign_text import one_line
from corr.search.contents import code_of, hash_of
from corr.search.outcome import Failed, Outcome
from corr.search.placeholders import filled
from corr.search.settings import Setting
from corr.search.study import Knob, KnobKind, Study
from corr.system.disk import write_whole

#: Ending of the copy of a source that is being edited.
KEPT = ".corr-search"
VALUE = "{value}"


class CompilerBuilds:
    """Builds of the compiler by the value of one constant, each made once and kept in `store`."""

    def __init__(self, study: Study, store: Path) -> None:
        self.study = study
        self.store = store
        (self.knob,) = (k for k in study.knobs if k.kind == KnobKind.source)
        self.at = [knob.name for knob in study.knobs].index(self.knob.name)
        self.source = study.path(self.knob.file)
        restore(self.source)
        self.original = read(self.source)
        place(self.original, self.knob)
        self._failed: dict[str, Failed] = {}
        #: What the artifact was built from last, as far as is known: the source as it is.
        self._built = self.original
        self._codes: dict[str, str] = {}

    def request(self, setting: Setting) -> str:
        return hash_of([self.text(setting), self.knob.rebuild, self.knob.artifact])

    def text(self, setting: Setting) -> str:
        """The source with the constant, or the code, of a setting."""
        return edited(self.original, self.knob, setting, self.at)

    def build(self, setting: Setting) -> Path:
        key = self.request(setting)
        if key in self._failed:
            raise Failed(self._failed[key].outcome, self._failed[key].detail)
        kept = self.store / key[:32] / Path(self.knob.artifact).name
        if not kept.exists():
            try:
                self._build(setting, kept)
            except Failed as failed:
                self._failed[key] = failed
                raise
        if kept.is_file():
            self._codes.setdefault(self.text(setting), code_of(kept))
        return kept

    @property
    def alike(self) -> int:
        """How many constants gave one and the same artifact, if all did; 0 where they did not."""
        same = len(self._codes) > 1 and len(set(self._codes.values())) == 1
        return len(self._codes) if same else 0

    def _build(self, setting: Setting, kept: Path) -> None:
        made = self.study.path(self.knob.artifact)
        text, before = self.text(setting), _stamp(made)
        with changed(self.source, text):
            rebuild(self.study, self.knob)
            if not made.exists():
                raise Failed(Outcome.not_built, f"the rebuild wrote no {self.knob.artifact}")
            if text != self._built and before is not None and _stamp(made) == before:
                raise UsageError(
                    f"the rebuild for {setting.name} leaves {self.knob.artifact} as it was:"
                    " that of another value would be measured",
                    f"`rebuild` must build `artifact` from {self.knob.file}: is it the right"
                    " target, and does its build depend on that file?",
                )
            self._built = text
            kept.parent.mkdir(parents=True, exist_ok=True)
            making = kept.with_name(f"{kept.name}.new")
            if made.is_dir():
                shutil.copytree(made, making, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(made, making)
            making.rename(kept)


def _stamp(path: Path) -> list[tuple[str, int, int, int]] | None:
    """What changes when a file, or one of a folder, is written; None where there is none."""
    if not path.exists():
        return None
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(str(one), one.stat()) for one in found if one.is_file()]
    return [(name, s.st_mtime_ns, s.st_ino, s.st_size) for name, s in stats]


def rebuild(study: Study, knob: Knob) -> None:
    """Build the compiler from its source as it is. Raises Failed."""
    argv = filled(knob.rebuild, {"folder": str(study.folder)}, shell=study.shell)
    done = process.run(argv, cwd=study.folder, timeout=process.TOOL_TIMEOUT, limit=1 << 20)
    if not done.ok:
        said = one_line(done.last_lines(6), 300)
        raise Failed(Outcome.not_built, f"the rebuild ended with {done.ending()}: {said}")


def edited(original: str, knob: Knob, setting: Setting, at: int = 0) -> str:
    """The source with the constant of a setting, or its code, in the place of the constant."""
    start, end = place(original, knob)
    if setting.code is not None:
        line = original.rfind("\n", 0, start) + 1
        indent = re.match(r"[ \t]*", original[line:start])
        lines = setting.code.rstrip("\n").split("\n")
        joined = f"\n{indent[0] if indent else ''}".join(lines)
        end -= original[start:end].endswith("\n")  # what follows stays on a line of its own
        return original[:start] + joined + original[end:]
    value = setting.values[at]
    if value is None:
        return original
    return original[:start] + knob.find.replace(VALUE, str(value)) + original[end:]


def place(original: str, knob: Knob) -> tuple[int, int]:
    """Where the text with the constant stands, which must be once. Raises UsageError."""
    before, _, after = knob.find.partition(VALUE)
    pattern = re.escape(before) + r"[^\n;,]{1,200}?" + re.escape(after)
    found = [match.span() for match in re.finditer(pattern, original)]
    if len(found) != 1:
        raise UsageError(
            f"{knob.file}: {one_line(knob.find, 80)!r} stands there {len(found)} times, not once",
            "say more of the line in `find`, with {value} where the constant is",
        )
    return found[0]


@contextlib.contextmanager
def changed(source: Path, text: str) -> Iterator[None]:
    """The source has another text meanwhile; as it was afterwards."""
    restore(source)
    shutil.copy2(source, beside(source))
    try:
        write_whole(source, text)
        yield
    finally:
        restore(source)


def beside(source: Path) -> Path:
    return source.with_name(source.name + KEPT)


def restore(source: Path) -> None:
    """Put a source back that somebody was killed while it was edited."""
    kept = beside(source)
    if kept.exists():
        kept.replace(source)
        source.touch()  # a make that goes by times builds it again


def read(source: Path) -> str:
    try:
        return source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorrError(f"{source} cannot be read: {error}") from error
