"""What a nest has to do: operations and bytes, against the same counted by hand."""

from __future__ import annotations

from pathlib import Path

import islpy as isl
import pytest

from corr.polyhedral.counting import count
from corr.polyhedral.work import Trips, Work, work
from tests.support.polyhedral_programs import region

pytestmark = pytest.mark.slow
N = 100
ONE = Trips(1, N)
TWO, THREE = Trips(N, N * N), Trips(N * N, N**3)
GEMM = """void f(int n, double alpha, double beta, double A[n][n], double B[n][n], double C[n][n]) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      C[i][j] *= beta;
      for (int k = 0; k < n; k++) C[i][j] += alpha * A[i][k] * B[k][j];
    }
}"""
SMALLEST = """void f(int n, int d[n][n]) {
  for (int k = 0; k < n; k++)
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++)
        if (d[i][k] + d[k][j] < d[i][j]) d[i][j] = d[i][k] + d[k][j];
}"""
TRIANGLE = """void f(int n, float x[n], float L[n][n]) {
  for (int i = 0; i < n; i++) {
    float s = 0;
    for (int j = 0; j < i; j++) s -= L[i][j] * x[j];
    x[i] = s / L[i][i];
  }
}"""


def by_kind(found: Work | None) -> dict[str, float]:
    assert found is not None
    return {" ".join(kind): times for kind, times in found.operations.items()}


def test_what_is_the_same_in_a_row_is_done_once(tmp_path: Path) -> None:
    found = work(region(tmp_path, GEMM), [ONE, TWO, THREE])
    # alpha times A need not be done again for each column; beta times C is done once
    expected = {"mul double": N**3 + 2 * N**2, "add double": N**3}
    assert by_kind(found) == pytest.approx(expected, rel=0.01)
    assert found is not None and found.bytes == 3 * 8 * N * N and found.entries == 1


def test_a_choice_is_one_operation_and_equal_ones_are_done_once(tmp_path: Path) -> None:
    found = work(region(tmp_path, SMALLEST), [ONE, TWO, THREE])
    assert by_kind(found) == pytest.approx({"add int": 2 * N**3})
    assert found is not None and found.bytes == 4 * N * N


def test_a_triangle_is_half_a_square(tmp_path: Path) -> None:
    half = N * (N - 1) // 2
    found = work(region(tmp_path, TRIANGLE), [Trips(3, 3 * N), Trips(3 * N, 3 * half)])
    expected = {"mul float": half, "add float": half, "div float": N}
    assert by_kind(found) == pytest.approx(expected, rel=0.02)
    # L with its diagonal, and x; the sum stays in a register
    assert found is not None and found.entries == 3
    assert found.bytes == pytest.approx(4 * (half + 2 * N), rel=0.02)


def test_turns_that_cannot_share_what_they_touch(tmp_path: Path) -> None:
    """Each pass needs all of the last one's result; each k of Floyd and Warshall's the last k's."""
    passes = """void f(int passes, int n, double y[n], double A[n][n], double x[n]) {
      for (int p = 0; p < passes; p++) {
        for (int j = 0; j < n; j++) y[j] = 0;
        for (int i = 0; i < n; i++)
          for (int j = 0; j < n; j++) y[i] += A[i][j] * x[j];
        for (int j = 0; j < n; j++) x[j] = y[j] * 0.5;
      }
    }"""
    five = [Trips(1, 5), Trips(5, 5 * N), Trips(5, 5 * N), Trips(5 * N, 5 * N * N), Trips(5, 5 * N)]
    found = work(region(tmp_path, passes), five)
    assert found is not None and found.turns == 5
    assert found.bytes == found.turn_bytes == 8 * (N * N + 2 * N)
    found = work(region(tmp_path, SMALLEST), [ONE, TWO, THREE])
    assert found is not None and (found.turns, found.turn_bytes) == (N, 4 * N * N)


def test_turns_that_can(tmp_path: Path) -> None:
    """The rows of a product, and the time of a stencil, are tiled with the loops inside."""
    stencil = """void f(int steps, int n, double a[n], double b[n]) {
      for (int t = 0; t < steps; t++) {
        for (int i = 1; i < n - 1; i++) b[i] = a[i - 1] + a[i + 1];
        for (int i = 1; i < n - 1; i++) a[i] = b[i - 1] + b[i + 1];
      }
    }"""
    inner = Trips(5, 5 * (N - 2))
    for text, trips in ((GEMM, [ONE, TWO, THREE]), (stencil, [Trips(1, 5), inner, inner])):
        found = work(region(tmp_path, text), trips)
        assert found is not None and found.turn_bytes is None and found.turns == 1


@pytest.mark.parametrize(
    "trips",
    [
        [ONE, TWO],
        [ONE, TWO, Trips(N * N, N**3 // 2)],
        [Trips(0, 0), TWO, THREE],
        [Trips(3, 200), Trips(200, N * N), THREE],
    ],
)
def test_other_counts_than_the_model_s_tell_nothing(tmp_path: Path, trips: list[Trips]) -> None:
    assert work(region(tmp_path, GEMM), trips) is None


def test_counting() -> None:
    pair = isl.Set("[p_n] -> { [i, j] : 0 <= i < p_n and 0 <= j <= i or 0 <= i < p_n and j = 5 }")
    assert count(pair, {"n": 100}) == pytest.approx(5050 + 5, rel=0.02)
    assert count(pair, {}) is None
    assert count(isl.Set("[p_n] -> { [i] : 0 <= i < 7 }"), {}) == 7
    assert count(isl.Set("{ [i] : 0 <= i < 0 }"), {}) == 0
    assert count(isl.Set("{ [i] : i >= 0 }"), {}) is None
    assert count(isl.Set("{ [i] : exists (e : i = 2 e) and 0 <= i < 10 }"), {}) is None
