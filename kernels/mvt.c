/*
 * mvt: x1 += A y1 and x2 += A^T y2 for an n x n matrix, PASSES times over, each from the results of
 * the one before, scaled.
 *
 *     x1[i] += sum_j A[i][j] y1[j]
 *     x2[i] += sum_j A[j][i] y2[j]
 *     y[i]   = x[i] / n,  x[i] = x[i] / 2      for both: keeps x near 1, as A averages 1/2
 *
 * Loop depth 3. The same sum twice, once along the rows of A and once down its columns: the second
 * wants its loops exchanged, and then A is read once for both.
 */
#include "corr_harness.h"

enum { PASSES = 25 };

static double *A, *x1, *x2, *y1, *y2;

static void kernel_mvt(int n, int passes, double A[n][n], double x1[n], double x2[n], double y1[n],
                       double y2[n])
{
    for (int pass = 0; pass < passes; pass++) {
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                x1[i] += A[i][j] * y1[j];

        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                x2[i] += A[j][i] * y2[j];

        for (int i = 0; i < n; i++) {
            y1[i] = x1[i] / n;
            y2[i] = x2[i] / n;
            x1[i] *= 0.5;
            x2[i] *= 0.5;
        }
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_INPUT, (size_t)n * n);
    x1 = corr_f64("x1", CORR_OUTPUT, (size_t)n);
    x2 = corr_f64("x2", CORR_OUTPUT, (size_t)n);
    y1 = corr_f64("y1", CORR_SCRATCH, (size_t)n);
    y2 = corr_f64("y2", CORR_SCRATCH, (size_t)n);
}

static void init(int n)
{
    corr_fill_f64(A, (size_t)n * n, 0, 0.0, 1.0);
    corr_fill_real(x1, (size_t)n, 1, 1e6);
    corr_fill_real(x2, (size_t)n, 2, 1e6);
    for (int i = 0; i < n; i++) {
        y1[i] = x1[i] / n;
        y2[i] = x2[i] / n;
    }
}

static void run(int n)
{
    kernel_mvt(n, PASSES, (double (*)[n])A, x1, x2, y1, y2);
}

CORR_MAIN("mvt", 20, 400, 2000, 4000)
