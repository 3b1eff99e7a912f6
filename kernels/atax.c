/*
 * atax: y = A^T (A x) for an n x n matrix, PASSES times over, each pass starting from the y of the
 * one before, scaled (this is power iteration towards the largest singular value of A).
 *
 *     t    = sum_j A[i][j] x[j]        for each row i
 *     y[j] = sum_i A[i][j] t
 *     x[j] = 4 y[j] / n^2              keeps x near 1, as the elements of A average 1/2
 *
 * Loop depth 3, the two innermost loops side by side over the same row: the first is a sum, which
 * strict floating point keeps scalar; the second is vectorised once y and A are known to be apart.
 * Little work for each byte: beyond the cache it is the memory that sets the pace.
 */
#include "corr_harness.h"

enum { PASSES = 50 };

static double *A, *x, *y;

static void kernel_atax(int n, int passes, double A[n][n], double x[n], double y[n])
{
    for (int pass = 0; pass < passes; pass++) {
        for (int j = 0; j < n; j++)
            y[j] = 0.0;

        for (int i = 0; i < n; i++) {
            double t = 0.0;
            for (int j = 0; j < n; j++)
                t += A[i][j] * x[j];
            for (int j = 0; j < n; j++)
                y[j] += A[i][j] * t;
        }

        for (int j = 0; j < n; j++)
            x[j] = 4.0 * y[j] / ((double)n * n);
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_INPUT, (size_t)n * n);
    x = corr_f64("x", CORR_OUTPUT, (size_t)n);
    y = corr_f64("y", CORR_OUTPUT, (size_t)n);
}

static void init(int n)
{
    corr_fill_f64(A, (size_t)n * n, 0, 0.0, 1.0);
    corr_fill_real(x, (size_t)n, 1, 1e6);
}

static void run(int n)
{
    kernel_atax(n, PASSES, (double (*)[n])A, x, y);
}

CORR_MAIN("atax", 20, 400, 2000, 4000)
