"""The Python interface: `lake = corr.open("data")`, then SQL, hotspots and diffs as tables."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from corr.compare.diff import diff as compare
from corr.console.output import shown
from corr.lake import store as storage
from corr.lake.sql import ask

if TYPE_CHECKING:
    import pandas

#: Rows that a notebook shows of a result.
ROWS_SHOWN = 50


class Result:
    """A table: `df()` for pandas, `arrow()` for Arrow, `rows()` for dicts; a notebook shows it."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def arrow(self) -> pa.Table:
        return self._table

    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._table.to_pylist()
        return rows

    def df(self) -> pandas.DataFrame:
        """The table as a pandas DataFrame."""
        return self._table.to_pandas()

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        return f"<{len(self._table)} rows: {', '.join(self._table.column_names)}>"

    def _repr_html_(self) -> str:
        names = self._table.column_names
        head = "".join(f"<th>{html.escape(n)}</th>" for n in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(shown(row[n]))}</td>" for n in names) + "</tr>"
            for row in self._table.slice(0, ROWS_SHOWN).to_pylist()
        )
        left = len(self._table) - ROWS_SHOWN
        more = f"<p>{left} more rows</p>" if left > 0 else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


class Difference(dict[str, Any]):
    """What `corr diff --format json` prints, as a dict; a notebook shows its loops."""

    def loops(self) -> Result:
        """A row per loop: cost, verdict, time ratio, strongest hypothesis."""
        rows = [
            {
                "loop": e["loop"],
                "place": e["place"],
                "cost": e["cost"],
                "verdict": e["verdict"],
                "time_ratio": e["time_ratio"],
                "because": e["hypotheses"][0]["says"] if e["hypotheses"] else None,
            }
            for e in self["loops"]
        ]
        schema = pa.schema(
            [
                ("loop", pa.string()),
                ("place", pa.string()),
                ("cost", pa.float64()),
                ("verdict", pa.string()),
                ("time_ratio", pa.float64()),
                ("because", pa.string()),
            ]
        )
        return Result(pa.Table.from_pylist(rows, schema))

    def _repr_html_(self) -> str:
        return self.loops()._repr_html_()


class Lake:
    """The runs in a folder. Runs are named as on the command line: id, label, `last`, …"""

    def __init__(self, lake: storage.Lake) -> None:
        self._lake = lake

    def runs(self) -> Result:
        """A row per run, oldest first."""
        return self.sql("FROM runs ORDER BY run_id")

    def sql(
        self, statement: str, parameters: Sequence[object] = (), run: str | None = None
    ) -> Result:
        """The result of one SELECT over the whole lake, or over one run.

        Raises UsageError for SQL that is wrong or would change something.
        """
        runs = [self._lake.find(run)] if run is not None else None
        return Result(ask(self._lake, statement, parameters, runs))

    def hotspots(self, run: str = "last") -> Result:
        """A row per loop of a run, hottest first."""
        return self.sql("FROM hotspots", run=run)

    def diff(self, a: str, b: str = "last") -> Difference:
        """What changed from run a to run b."""
        return Difference(compare(self._lake, self._lake.find(a), self._lake.find(b)).to_json())


def open_lake(path: str | Path = "data") -> Lake:
    """The lake in a folder. Raises UsageError when there is none."""
    return Lake(storage.Lake.open(Path(path)))
