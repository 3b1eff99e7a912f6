/*
 * jacobi_2d: Jacobi relaxation on an n x n grid whose border stays fixed, STEPS pairs of sweeps.
 *
 *     B[i][j] = (A[i][j] + A[i-1][j] + A[i+1][j] + A[i][j-1] + A[i][j+1]) / 5
 *
 * then the same from B back to A. Loop depth 3. Every point of a sweep is independent of the
 * others: vectorised all through, with a run-time check that A and B do not overlap, and then bound
 * by memory, since each step goes through both grids from end to end.
 */
#include "corr_harness.h"

enum { STEPS = 50 };

static double *A, *B;

static void kernel_jacobi_2d(int n, int steps, double A[n][n], double B[n][n])
{
    for (int t = 0; t < steps; t++) {
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++)
                B[i][j] = 0.2 * (A[i][j] + A[i - 1][j] + A[i + 1][j] + A[i][j - 1] + A[i][j + 1]);

        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++)
                A[i][j] = 0.2 * (B[i][j] + B[i - 1][j] + B[i + 1][j] + B[i][j - 1] + B[i][j + 1]);
    }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    A = corr_f64("A", CORR_OUTPUT, count);
    B = corr_f64("B", CORR_OUTPUT, count);
}

static void init(int n)
{
    size_t count = (size_t)n * n;
    corr_fill_real(A, count, 0, 1e6);
    memcpy(B, A, count * sizeof *A);
}

static void run(int n)
{
    kernel_jacobi_2d(n, STEPS, (double (*)[n])A, (double (*)[n])B);
}

CORR_MAIN("jacobi_2d", 16, 200, 1500, 3000)
