"""A program in the manner of PolyBench: sizes chosen when it is compiled, arrays dumped on request."""

from __future__ import annotations

from pathlib import Path

HEADER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define DATA_TYPE double
#ifdef POLYBENCH_DUMP_ARRAYS
#define polybench_prevent_dce(f) f
#else
#define polybench_prevent_dce(f) if (argc > 42 && !strcmp(argv[0], "")) f
#endif
#ifdef POLYBENCH_TIME
#define polybench_start_instruments polybench_timer_start()
#define polybench_stop_instruments polybench_timer_stop()
#define polybench_print_instruments polybench_timer_print()
#else
#define polybench_start_instruments
#define polybench_stop_instruments
#define polybench_print_instruments
#endif
extern void polybench_timer_start(void), polybench_timer_stop(void), polybench_timer_print(void);
"""
UTILITIES = """
#include <stdio.h>
#include <time.h>
static struct timespec began, ended;
void polybench_timer_start(void) { clock_gettime(CLOCK_MONOTONIC, &began); }
void polybench_timer_stop(void) { clock_gettime(CLOCK_MONOTONIC, &ended); }
void polybench_timer_print(void) {
  printf("%0.6f\\n", ended.tv_sec - began.tv_sec + 1e-9 * (ended.tv_nsec - began.tv_nsec));
}
"""
NEST = """
#include "polybench.h"
#if !defined(MINI_DATASET) && !defined(SMALL_DATASET)
#define N 320
#elif defined(MINI_DATASET)
#define N 20
#else
#define N 60
#endif
static DATA_TYPE A[N][N], B[N][N], C[N][N];
static void kernel(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < N; k++)
        C[i][j] += A[i][k] * B[k][j];
}
static void print_array(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) fprintf(stderr, "%0.6f ", C[i][j]);
}
int main(int argc, char **argv) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) { A[i][j] = i * j % 7 + 0.1; B[i][j] = i + j % 5; C[i][j] = 1; }
  polybench_start_instruments;
  kernel();
  polybench_stop_instruments;
  polybench_print_instruments;
  polybench_prevent_dce(print_array());
  return 0;
}
"""
ORDER = "    for (int j = 0; j < N; j++)\n      for (int k = 0; k < N; k++)\n"
SWAPPED = "    for (int k = 0; k < N; k++)\n      for (int j = 0; j < N; j++)\n"

#: As they are published: loops up to variables, macros for sizes, types and arrays of parameters.
SIZED = """
#include "polybench.h"
#if !defined(MINI_DATASET) && !defined(SMALL_DATASET) && !defined(MEDIUM_DATASET)
#define N 320
#elif defined(MINI_DATASET)
#define N 20
#elif defined(SMALL_DATASET)
#define N 60
#else
#define N 160
#endif
#define POLYBENCH_LOOP_BOUND(x, y) y
#define _PB_N POLYBENCH_LOOP_BOUND(N, n)
#define POLYBENCH_2D(var, dim1, dim2, ddim1, ddim2) var[dim1 + 0][dim2 + 0]
static DATA_TYPE a[N][N], b[N][N], c[N][N];
static void init_array(int n, DATA_TYPE POLYBENCH_2D(A, N, N, n, n), DATA_TYPE POLYBENCH_2D(B, N, N, n, n)) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) { A[i][j] = i * j % 7 + 0.1; B[i][j] = i + j % 5; }
}
static void kernel(int n, DATA_TYPE POLYBENCH_2D(A, N, N, n, n), DATA_TYPE POLYBENCH_2D(B, N, N, n, n),
                   DATA_TYPE POLYBENCH_2D(C, N, N, n, n)) {
  for (int i = 0; i < _PB_N; i++)
    for (int j = 0; j < _PB_N; j++)
      for (int k = 0; k < _PB_N; k++)
        C[i][j] += A[i][k] * B[k][j];
}
static void print_array(int n, DATA_TYPE POLYBENCH_2D(C, N, N, n, n)) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) fprintf(stderr, "%0.2lf ", C[i][j]);
}
int main(int argc, char **argv) {
  int n = N;
  init_array(n, a, b);
  polybench_start_instruments;
  kernel(n, a, b, c);
  polybench_stop_instruments;
  polybench_print_instruments;
  polybench_prevent_dce(print_array(n, c));
  return 0;
}
"""
BOUNDS = "    for (int j = 0; j < _PB_N; j++)\n      for (int k = 0; k < _PB_N; k++)\n"
BOUNDS_SWAPPED = "    for (int k = 0; k < _PB_N; k++)\n      for (int j = 0; j < _PB_N; j++)\n"


def write(folder: Path) -> None:
    """nest.c, sized.c, and the utilities that they need."""
    utilities = folder / "utilities"
    utilities.mkdir()
    (utilities / "polybench.h").write_text(HEADER)
    (utilities / "polybench.c").write_text(UTILITIES)
    (folder / "nest.c").write_text(NEST)
    (folder / "sized.c").write_text(SIZED)
