/*
 * jacobi_1d: Jacobi relaxation on a line of n points whose ends stay fixed, STEPS pairs of sweeps.
 *
 *     B[i] = (A[i-1] + A[i] + A[i+1]) / 3
 *
 * then the same from B back to A. Loop depth 2. Vectorised behind an overlap check; three loads for
 * one store, two of them off by one element and so never all aligned. The whole line goes through
 * the cache twice a step, where a block of it could be taken through many steps at once.
 */
#include "corr_harness.h"

enum { STEPS = 500 };

static double *A, *B;

static void kernel_jacobi_1d(int n, int steps, double A[n], double B[n])
{
    for (int t = 0; t < steps; t++) {
        for (int i = 1; i < n - 1; i++)
            B[i] = (1.0 / 3.0) * (A[i - 1] + A[i] + A[i + 1]);

        for (int i = 1; i < n - 1; i++)
            A[i] = (1.0 / 3.0) * (B[i - 1] + B[i] + B[i + 1]);
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_OUTPUT, (size_t)n);
    B = corr_f64("B", CORR_OUTPUT, (size_t)n);
}

static void init(int n)
{
    corr_fill_real(A, (size_t)n, 0, 1e6);
    memcpy(B, A, (size_t)n * sizeof *A);
}

static void run(int n)
{
    kernel_jacobi_1d(n, STEPS, A, B);
}

CORR_MAIN("jacobi_1d", 30, 2000, 800000, 2000000)
