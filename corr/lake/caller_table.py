"""The table of callers, made of the call chains when a run is joined."""

from __future__ import annotations

import pyarrow as pa

from collectors.base.table import INT, LINE, STRING, Table, column

CALLERS = Table(
    "callers",
    "who called what was sampled, by the call chains: samples are those of `stacks`",
    pa.schema(
        [
            column("loop", STRING, "loop that was sampled"),
            column("function", STRING, "outside loops: function, symbol or work of the kernel"),
            column("object", STRING, "outside loops: its binary"),
            column("kernel", STRING, "what the kernel did"),
            column("via", STRING, "library function that the caller called, such as malloc"),
            column("caller", STRING, "linkage name of the nearest other function of the program"),
            column("caller_loop", STRING, "loop that holds the call"),
            column("file", STRING, "file of the call"),
            column("line", LINE, "line of the call"),
            column("count", INT, "number of samples"),
            column("period", INT, "sum of their periods"),
        ]
    ),
)
