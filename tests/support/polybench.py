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


def write(folder: Path) -> None:
    """nest.c and the utilities that it needs."""
    utilities = folder / "utilities"
    utilities.mkdir()
    (utilities / "polybench.h").write_text(HEADER)
    (utilities / "polybench.c").write_text(UTILITIES)
    (folder / "nest.c").write_text(NEST)
