/*
 * gesummv: y = alpha A x + beta B x for two n x n matrices, PASSES times over, each pass starting
 * from the y of the one before, scaled.
 *
 *     t[i] = sum_j A[i][j] x[j]
 *     y[i] = alpha t[i] + beta sum_j B[i][j] x[j]
 *     x[i] = 2 y[i] / ((alpha + beta) n)      keeps x near 1, as A and B average 1/2
 *
 * Loop depth 3. Two sums in one loop, neither of which may be reordered; and as t or y might
 * overlap x, each step of either goes through memory. In scalars, or with the arrays known to be
 * apart, two chains of additions are left, and two matrices that are read once a pass.
 */
#include "corr_harness.h"

enum { PASSES = 25 };

static double *A, *B, *t, *x, *y;

static void kernel_gesummv(int n, int passes, double alpha, double beta, double A[n][n],
                           double B[n][n], double t[n], double x[n], double y[n])
{
    for (int pass = 0; pass < passes; pass++) {
        for (int i = 0; i < n; i++) {
            t[i] = 0.0;
            y[i] = 0.0;
            for (int j = 0; j < n; j++) {
                t[i] += A[i][j] * x[j];
                y[i] += B[i][j] * x[j];
            }
            y[i] = alpha * t[i] + beta * y[i];
        }

        for (int i = 0; i < n; i++)
            x[i] = 2.0 * y[i] / ((alpha + beta) * n);
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_INPUT, (size_t)n * n);
    B = corr_f64("B", CORR_INPUT, (size_t)n * n);
    t = corr_f64("t", CORR_SCRATCH, (size_t)n);
    x = corr_f64("x", CORR_SCRATCH, (size_t)n);
    y = corr_f64("y", CORR_OUTPUT, (size_t)n);
}

static void init(int n)
{
    corr_fill_f64(A, (size_t)n * n, 0, 0.0, 1.0);
    corr_fill_f64(B, (size_t)n * n, 1, 0.0, 1.0);
    corr_fill_real(x, (size_t)n, 2, 1e6);
}

static void run(int n)
{
    kernel_gesummv(n, PASSES, 1.5, 1.25, (double (*)[n])A, (double (*)[n])B, t, x, y);
}

CORR_MAIN("gesummv", 20, 400, 2000, 4000)
