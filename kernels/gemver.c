/*
 * gemver: an update of rank 2 and two products with the n x n matrix so changed, PASSES times over,
 * each pass starting from the w of the one before, scaled.
 *
 *     A[i][j] += u1[i] v1[j] + u2[i] v2[j]
 *     x[i]     = beta sum_j A[j][i] y[j] + z[i]
 *     w[i]     = alpha sum_j A[i][j] x[j]
 *     y[i]     = w[i] / n^2,  u1 = -u1,  u2 = -u2
 *
 * so that every second pass takes back the update of the one before and A stays bounded. Loop depth
 * 3, several nests in a row over the same matrix: the update is vectorised, the product with the
 * transpose goes down its columns, the last one is a sum along its rows. Exchanging the second
 * makes all three walk rows, and then the first two can be fused.
 */
#include "corr_harness.h"

enum { PASSES = 20 };

static double *A, *u1, *v1, *u2, *v2, *w, *x, *y, *z;

static void kernel_gemver(int n, int passes, double alpha, double beta, double A[n][n],
                          double u1[n], double v1[n], double u2[n], double v2[n], double w[n],
                          double x[n], double y[n], double z[n])
{
    for (int pass = 0; pass < passes; pass++) {
        for (int i = 0; i < n; i++) {
            x[i] = 0.0;
            w[i] = 0.0;
        }

        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                A[i][j] += u1[i] * v1[j] + u2[i] * v2[j];

        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                x[i] += beta * A[j][i] * y[j];

        for (int i = 0; i < n; i++)
            x[i] += z[i];

        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                w[i] += alpha * A[i][j] * x[j];

        for (int i = 0; i < n; i++) {
            y[i] = w[i] / ((double)n * n);
            u1[i] = -u1[i];
            u2[i] = -u2[i];
        }
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_OUTPUT, (size_t)n * n);
    u1 = corr_f64("u1", CORR_INPUT, (size_t)n);
    v1 = corr_f64("v1", CORR_INPUT, (size_t)n);
    u2 = corr_f64("u2", CORR_INPUT, (size_t)n);
    v2 = corr_f64("v2", CORR_INPUT, (size_t)n);
    w = corr_f64("w", CORR_OUTPUT, (size_t)n);
    x = corr_f64("x", CORR_OUTPUT, (size_t)n);
    y = corr_f64("y", CORR_SCRATCH, (size_t)n);
    z = corr_f64("z", CORR_INPUT, (size_t)n);
}

static void init(int n)
{
    corr_fill_f64(A, (size_t)n * n, 0, 0.0, 1.0);
    corr_fill_f64(u1, (size_t)n, 1, 0.0, 1.0);
    corr_fill_f64(v1, (size_t)n, 2, 0.0, 1.0);
    corr_fill_f64(u2, (size_t)n, 3, 0.0, 1.0);
    corr_fill_f64(v2, (size_t)n, 4, 0.0, 1.0);
    corr_fill_real(y, (size_t)n, 5, 1e6);
    corr_fill_real(z, (size_t)n, 6, 1e6);
}

static void run(int n)
{
    kernel_gemver(n, PASSES, 1.5, 1.25, (double (*)[n])A, u1, v1, u2, v2, w, x, y, z);
}

CORR_MAIN("gemver", 20, 400, 2000, 4000)
