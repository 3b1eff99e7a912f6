"""What was measured of a study before something that its results depend on changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.base.foreign_text import one_line
from corr.lake.sql import ask, literal
from corr.lake.store import Lake
from corr.program.machine import this_machine
from corr.search.outcome import Result
from corr.search.study import Study

#: Names that are told, and their characters.
MOST, LONGEST = 3, 80


@dataclass(frozen=True)
class Earlier:
    """The results of an earlier run by case, setting and role, and what they depended on: hashes of
    files, the study's own text, machine and compiler.
    """

    results: Mapping[tuple[str, str, str], Result]
    depends: Mapping[str, str]
    text: str
    machine: str
    compiler: str

    def changes(self, study: Study, depends: Mapping[str, str], compiler: str) -> str:
        """What is not as it was then: `a.bin, b.bin and 3 more`."""
        files = {**self.depends, **depends} if self.depends else {}
        found = [
            name.removeprefix(f"{study.folder}/")
            for name in files
            if self.depends.get(name) != depends.get(name)
        ]
        found += ["the compiler"] * (self.compiler != compiler)
        found += ["the machine"] * (self.machine != this_machine())
        found += ["the study's file"] * (not found and self.text != study.text)
        found = found or ["something that it depends on"]
        more = [f"{len(found) - MOST} more"] if len(found) > MOST else []
        names = [*(one_line(name, LONGEST) for name in found[:MOST]), *more]
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def earlier(lake: Lake, study: str) -> Earlier | None:
    """The newest run of a study with measured results; None where there is none."""
    results = ask(
        lake,
        "SELECT * FROM search_results WHERE current AND role <> 'baseline' AND run_id = ("
        "SELECT max(r.run_id) FROM search_results r JOIN searches s USING (run_id)"
        f" WHERE r.current AND s.study = {literal(study)} AND s.mode <> 'import')",
    ).to_pylist()
    if not results:
        return None
    run = literal(results[0]["run_id"])
    (search,) = ask(lake, f"SELECT * FROM searches WHERE run_id = {run}").to_pylist()
    found = [Result.from_row(row) for row in results]
    return Earlier(
        {(one.case_name, one.setting, one.role): one for one in found},
        dict(search.get("depends") or ()),
        search["text"] or "",
        search["machine"] or "",
        search["compiler"] or "",
    )
