"""Tables that `corr policy` adds to the lake."""

from __future__ import annotations

import pyarrow as pa

from collectors.base.table import BOOL, INT, REAL, STRING, Table, column

TRACED_MODULES = Table(
    "traced_modules",
    "modules of a corpus whose inlining decisions were traced, and whether the trace is faithful",
    pa.schema(
        [
            column("module", STRING, "name in the corpus"),
            column("project", STRING, "project that it is from"),
            column("source", STRING, "its source file"),
            column("split", STRING, "train, validation or held-out"),
            column("sha256", STRING, "hash of its bitcode"),
            column("text", INT, "bytes of its code, compiled as its command line says"),
            column("decisions", INT, "calls that the inliner was asked about"),
            column("inlined", INT, "of those, inlined"),
            column("identical", BOOL, "replaying the default gives the same object, byte for byte"),
            column("chains", INT, "decisions whose call is known by its inline chain"),
            column("named", INT, "inlined calls whose chain the compiler itself names"),
            column("confirmed", INT, "of those, the ones whose chain we had found, too"),
            column("plain_cpu", REAL, "seconds of CPU time of the compilation as it is"),
            column("driven_cpu", REAL, "seconds of CPU time with the driven inliner, both sides"),
        ]
    ),
)
