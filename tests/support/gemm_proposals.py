"""What a model may propose for gemm, and the kernel that it is for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.support.places import ROOT

LOOPS = """        for (int j = 0; j < n; j++) {
            C[i][j] *= beta;
            for (int k = 0; k < n; k++)
                C[i][j] += alpha * A[i][k] * B[k][j];
        }
"""
FAST = """        for (int j = 0; j < n; j++)
            C[i][j] *= beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                C[i][j] += alpha * A[i][k] * B[k][j];
"""
EDIT = (
    "    for (int i = 0; i < n; i++)\n" + LOOPS,
    "    for (int i = 0; i < n; i++) {\n" + FAST + "    }\n",
)
#: The kernel with other names, another type of counter and another size.
ALIKE = """    for (long row = 0; row < n; row++)
        for (long col = 0; col < n; col++) {
            Z[row][col] *= b;
            for (long at = 0; at < n; at++)
                Z[row][col] += a * X[row][at] * Y[at][col];
        }
"""


def alike(folder: Path) -> None:
    """Write prod.c, a kernel whose loops are gemm's but for the names."""
    kernel(folder)
    text = (folder / "gemm.c").read_text().replace(EDIT[0], ALIKE).replace("gemm", "prod")
    for name, other in (
        ("double alpha, double beta", "double a, double b"),
        ("double A[n][n], double B[n][n]", "double X[n][n], double Y[n][n]"),
        ("double C[n][n])\n{", "double Z[n][n])\n{"),
    ):
        assert name in text
        text = text.replace(name, other)
    (folder / "prod.c").write_text(text)


def kernel(folder: Path) -> Path:
    for name in ("gemm.c", "corr_harness.h"):
        shutil.copy(ROOT / "kernels" / name, folder)
    return folder


def rows(folder: Path, session: str = "%") -> list[dict[str, Any]]:
    query = """
        SELECT * FROM iterations WHERE role = 'proposal' AND session LIKE ?
        ORDER BY session, iteration, candidate
    """
    found: list[dict[str, Any]] = ask(Lake.open(folder / "data"), query, [session]).to_pylist()
    return found
