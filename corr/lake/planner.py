"""How DuckDB plans statements over the lake: without optimisers that cost more than they bring.

Views of views make plans of thousands of operators over tables of some hundred rows: planning takes
longer than running them. `SET profiling_mode = 'detailed'` shows what each optimiser takes.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

#: Of DuckDB 2: it takes as long as all others together, and gains nothing.
SLOW_TO_PLAN = ("projection_pullup",)
#: And what takes longer than it saves where one statement reads the small tables of one run.
SLOW_FOR_ONE_RUN = (*SLOW_TO_PLAN, "deliminator", "statistics_propagation", "projection_placement")


def planned(
    connection: duckdb.DuckDBPyConnection, without: Sequence[str] = SLOW_TO_PLAN
) -> duckdb.DuckDBPyConnection:
    """The connection, which plans without these optimisers, as far as this DuckDB has them."""
    known = {name for (name,) in connection.execute("FROM duckdb_optimizers()").fetchall()}
    names = ",".join(name for name in without if name in known)
    connection.execute(f"SET disabled_optimizers = '{names}'")
    return connection
