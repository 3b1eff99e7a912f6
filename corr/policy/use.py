"""What a build takes: for each source the flags that make plain clang decide as was found best.

`inlining.json` has them by project and source; `inlining.cmake` sets them for a project's sources.
Tables lie beside them. A source without an entry is compiled as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from collectors.base.errors import UsageError
from collectors.base.foreign_text import visible
from collectors.decisions import replay
from corr.policy.corpus import Corpus, Module
from corr.policy.handed_back import Exported
from corr.policy.improve import RESULT
from corr.system.disk import disk_errors, write_whole

JSON, CMAKE = "inlining.json", "inlining.cmake"
#: Stands for the folder of the tables until CMake says which that is.
_HERE = Path("@folder-of-this-file@")


@dataclass(frozen=True)
class Use:
    """How one module is to be compiled: flags, and a table of calls, of which either may be none.

    `rest` is what is done with calls that the table does not list.
    """

    module: Module
    flags: tuple[str, ...] = ()
    table: str = ""
    rest: str = "Original"

    def every_flag(self, folder: Path) -> list[str]:
        """All flags, the table's place with them; it needs the places of debug information."""
        if not self.table and self.rest == "Original":
            return list(self.flags)
        table = folder / table_name(self.module)
        return [replay.DEBUG, *self.flags, *replay.flags(table, rest=self.rest)]


def table_name(module: Module) -> str:
    return f"tables/{module.name}.replay"


def of_search(corpus: Corpus, folder: Path) -> list[Use]:
    """What a search found, module by module. Raises UsageError where there was none."""
    try:
        record = json.loads((folder / RESULT).read_bytes())
        known = {module.name: module for module in corpus.modules}
        uses = []
        for found in record["modules"]:
            if found["module"] in known and (found["flags"] or found["decisions"]):
                decisions = [replay.SiteDecision(**site) for site in found["decisions"]]
                uses.append(
                    Use(known[found["module"]], tuple(found["flags"]), replay.text(decisions))
                )
        return uses
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder / RESULT} is not there", "corr policy improve makes it"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder / RESULT} cannot be read: {error}") from error


def of_exports(corpus: Corpus, exported: Iterable[Exported]) -> list[Use]:
    """What a policy decided, of the modules where a plain compiler can be told."""
    known = {module.name: module for module in corpus.modules}
    return [
        Use(known[found.module], (), found.table, found.rest)
        for found in exported
        if not found.refused and (found.table or found.rest != "Original")
    ]


def write(folder: Path, uses: Iterable[Use]) -> None:
    """Write the tables and both lists of flags."""
    folder = folder.absolute()
    listed = list(uses)
    projects: dict[str, dict[str, list[str]]] = {}
    beside: dict[str, dict[str, list[str]]] = {}
    with disk_errors(folder):
        for use in listed:
            if use.table:
                path = folder / table_name(use.module)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(use.table, "utf-8", "surrogateescape")
            flags = projects.setdefault(use.module.project, {})
            flags[use.module.source] = use.every_flag(folder)
            sources = beside.setdefault(use.module.project, {})
            sources[use.module.source] = use.every_flag(_HERE)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / JSON, json.dumps(projects, indent=1) + "\n")
        write_whole(folder / CMAKE, _cmake(beside))


def _cmake(projects: dict[str, dict[str, list[str]]]) -> str:
    """`include(inlining.cmake)` in the folder whose sources they are.

    Tables are named relative to the file itself, wherever it is moved to. Of several projects,
    `set(INLINING_PROJECT NAME)` before it says whose flags are meant.
    """
    lines = ["# Flags that decide calls otherwise than LLVM would. Made by `corr policy export`."]
    for project, sources in projects.items():
        lines.append(f"# {visible(project)}")
        if len(projects) > 1:  # whose sources may have the same names
            named = f"INLINING_PROJECT STREQUAL {_quoted(project)}"
            lines.append(f"if(NOT DEFINED INLINING_PROJECT OR {named})")
        for source, flags in sources.items():
            listed = " ".join(_quoted(flag) for flag in flags)
            lines.append(
                f"set_property(SOURCE {_quoted(source)} APPEND PROPERTY COMPILE_OPTIONS {listed})"
            )
        lines += ["endif()"] * (len(projects) > 1)
    return "\n".join(lines).replace(str(_HERE), "${CMAKE_CURRENT_LIST_DIR}") + "\n"


def _quoted(text: str) -> str:
    """A word of CMake that stands for itself."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace(";", "\\;")
    return plain if plain.replace("=", "").replace("/", "").isalnum() else f'"{plain}"'
