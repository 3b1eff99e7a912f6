"""How a case is built under a setting: by clang as corr builds its programs, or by a command."""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from collectors.base import process, toolchain
from collectors.base.errors import CompileError, CorrError, UsageError
from collectors.base.foreign_text import one_line
from collectors.base.toolchain import Toolchain
from corr.program import model
from corr.program.build import Builder
from corr.search import settings
from corr.search.cases import Case
from corr.search.contents import code_of, files_in, hash_of
from corr.search.outcome import Failed, Outcome
from corr.search.placeholders import Filling, filled, known_only, text_with
from corr.search.settings import Setting
from corr.search.study import Study

#: Builds whose files are kept at a time.
KEPT = 256


@dataclass(frozen=True)
class Built:
    """What a build left: the file that is run, the hash of its code, the compiler's own build."""

    output: Path | None = None
    code: str | None = None
    artifact: str = ""


class Artifacts(Protocol):
    """Builds of the compiler itself, one for each setting of a constant in its source."""

    def request(self, setting: Setting) -> str:
        """The hash of source, constant and command."""
        ...

    def build(self, setting: Setting) -> Path:
        """The compiler of that setting. Raises Failed, UsageError where none can be built."""
        ...

    @property
    def alike(self) -> int:
        """How many settings gave one and the same compiler, if all did; else 0."""
        ...


class Builds:
    """Builds by content, each made once; files in `folder`, the last ones kept."""

    def __init__(self, study: Study, folder: Path, artifacts: Artifacts | None = None) -> None:
        self.study = study
        self.folder = folder
        self.artifacts = artifacts
        self._made: OrderedDict[str, Built | Failed] = OrderedDict()
        self._lock = threading.Lock()
        self._tools: Toolchain | None = None
        self._version: str | None = None
        self._found: dict[tuple[str, ...], list[str]] = {}
        #: Hashes of the files that were asked for.
        self.files: dict[str, str] = {}

    def request(self, case: Case, setting: Setting) -> str:
        """The hash of all that the build depends on."""
        known: list[object] = [self.artifacts.request(setting) if self.artifacts else ""]
        build = self.study.build
        if build.sources:
            known += [self.version, self._flags(case, setting), build.flags]
            known.append(self._hashed(["", *self._sources(case)]))
        elif build.command:
            values = self._values(case, setting, "", "")
            argv = filled(build.command, values, shell=self.study.shell)
            known += [self.version, argv, self._hashed(argv)]
            known.append(self._template(case, setting))
        known.append(settings.environment(self.study, setting) if known[1:] else {})
        return hash_of(known)

    def _hashed(self, words: Sequence[str]) -> Mapping[str, str]:
        found = files_in(words, self.study.folder)
        self.files |= found
        return found

    def build(self, case: Case, setting: Setting) -> Built:
        """The build, made now or before. Raises Failed."""
        key = self.request(case, setting)
        with self._lock:
            found = self._made.get(key)
            if found is not None:
                self._made.move_to_end(key)
        if found is None:
            found = self._kept(key, self._tried(case, setting, key))
        if isinstance(found, Failed):
            raise Failed(found.outcome, found.detail)
        return found

    @property
    def version(self) -> str:
        """What the compiler says of itself, asked once."""
        if self._version is None:
            build = self.study.build
            if build.version:
                done = process.run(filled(build.version, {}, shell=self.study.shell), timeout=60)
                self._version = (done.stdout or done.stderr).decode("utf-8", "replace").strip()
            elif build.sources:
                self._version = f"clang {self.tools.version}"
            else:
                self._version = ""
        return self._version

    @property
    def tools(self) -> Toolchain:
        if self._tools is None:
            self._tools = toolchain.find(self.study.build.llvm)
        return self._tools

    def program(self, case: Case, setting: Setting) -> model.Program:
        """The case as a program of corr's own, built with the setting's flags."""
        sources = [text_with(s, case.fillings) for s in self.study.build.sources]
        flags = self._flags(case, setting)
        return model.from_files(sources, flags, model.Run(), self.study.folder)

    def _kept(self, key: str, found: Built | Failed) -> Built | Failed:
        with self._lock:
            self._made[key] = found
            while len(self._made) > KEPT:
                old, _ = self._made.popitem(last=False)
                shutil.rmtree(self.folder / old[:32], ignore_errors=True)
        return found

    def _tried(self, case: Case, setting: Setting, key: str) -> Built | Failed:
        try:
            artifact = str(self.artifacts.build(setting)) if self.artifacts else ""
            if not self.study.built:
                code = code_of(Path(artifact)) if artifact else None
                return Built(None, code, artifact)
            folder = self.folder / key[:32]
            folder.mkdir(parents=True, exist_ok=True)
            if self.study.build.sources:
                output = self._by_clang(case, setting, folder)
            else:
                output = self._by_command(case, setting, folder, artifact)
            return Built(output, code_of(output), artifact)
        except Failed as failed:
            return failed
        except UsageError:
            raise  # the study is wrong, not this value
        except CompileError as error:
            return Failed(Outcome.not_built, one_line(error.message, 300))
        except CorrError as error:
            return Failed(Outcome.not_built, one_line(str(error), 300))

    def _by_clang(self, case: Case, setting: Setting, folder: Path) -> Path:
        program = self.program(case, setting)
        return Builder(program, self.tools, folder).executable()

    def _by_command(self, case: Case, setting: Setting, folder: Path, artifact: str) -> Path:
        build = self.study.build
        output = folder / "output"
        source = folder / f"input{build.input_suffix}"
        if build.template:
            source.write_text(self._template(case, setting))
        values = self._values(case, setting, str(output), artifact) | {"input": str(source)}
        argv = filled(build.command, values, shell=self.study.shell)
        environment = process.tool_environment() | settings.environment(self.study, setting)
        done = process.run(
            argv, cwd=self.study.folder, env=environment, timeout=build.time_limit, limit=1 << 20
        )
        if not done.ok:
            said = one_line(done.last_lines(6), 300)
            raise Failed(Outcome.not_built, f"{done.ending()}{': ' if said else ''}{said}")
        made = self.study.path(text_with(build.artifact, values)) if build.artifact else output
        if not made.is_file():
            raise Failed(Outcome.not_built, f"the build wrote no {made.name}")
        if made != output:  # the next build writes there too
            shutil.copy2(made, output)
        return output

    def _flags(self, case: Case, setting: Setting) -> tuple[str, ...]:
        given = [text_with(flag, case.fillings) for flag in self.study.build.flags]
        return (*given, *settings.flags(self.study, setting))

    def _sources(self, case: Case) -> list[str]:
        """Sources and the headers beside them."""
        named = tuple(text_with(s, case.fillings) for s in self.study.build.sources)
        if named not in self._found:
            program = self.program(case, settings.baseline(self.study))
            found = [unit.source for unit in program.units]
            headers = {h for source in found for h in source.parent.glob("*.h")}
            self._found[named] = [str(path) for path in (*found, *sorted(headers))]
        return self._found[named]

    def _values(
        self, case: Case, setting: Setting, output: str, artifact: str
    ) -> dict[str, Filling]:
        found = case.fillings | settings.fillings(self.study, setting)
        found |= {"output": output, "artifact": artifact, "folder": str(self.study.folder)}
        return found | {"input": ""}

    def _template(self, case: Case, setting: Setting) -> str:
        name = self.study.build.template
        if not name:
            return ""
        path = self.study.path(text_with(name, case.fillings))
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CorrError(f"the template {path} cannot be read: {error}") from error
        return known_only(text, case.fillings | settings.fillings(self.study, setting))
