/*
 * syrk: symmetric update of rank n, C = alpha A A^T + beta C, all n x n, in the lower triangle of
 * C; what is above the diagonal stays.
 *
 *     C[i][j] = beta C[i][j] + alpha sum_k A[i][k] A[j][k]      for j <= i
 *
 * Loop depth 3, triangular. The sum is the middle loop, so that a row of C is updated in one go:
 * the innermost loop has no dependence, but it walks A down a column. With j outside k it would be
 * a sum over two rows.
 */
#include "corr_harness.h"

static double *A, *C;

static void kernel_syrk(int n, double alpha, double beta, double A[n][n], double C[n][n])
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++)
            C[i][j] *= beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j <= i; j++)
                C[i][j] += alpha * A[i][k] * A[j][k];
    }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    A = corr_f64("A", CORR_INPUT, count);
    C = corr_f64("C", CORR_OUTPUT, count);
}

static void init(int n)
{
    size_t count = (size_t)n * n;
    corr_fill_real(A, count, 0, 1e6);
    corr_fill_real(C, count, 1, 1e6);
}

static void run(int n)
{
    kernel_syrk(n, 1.5, 1.25, (double (*)[n])A, (double (*)[n])C);
}

CORR_MAIN("syrk", 16, 128, 900, 1200)
