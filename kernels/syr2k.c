/*
 * syr2k: symmetric update of rank 2n, C = alpha (A B^T + B A^T) + beta C, all n x n, in the lower
 * triangle of C; what is above the diagonal stays.
 *
 *     C[i][j] = beta C[i][j] + alpha sum_k (A[j][k] B[i][k] + B[j][k] A[i][k])      for j <= i
 *
 * Loop depth 3, triangular, in syrk's order: the innermost loop updates a row of C and goes down a
 * column of A and a column of B at once, two cache lines for each element.
 */
#include "corr_harness.h"

static double *A, *B, *C;

static void kernel_syr2k(int n, double alpha, double beta, double A[n][n], double B[n][n],
                         double C[n][n])
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++)
            C[i][j] *= beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j <= i; j++)
                C[i][j] += A[j][k] * alpha * B[i][k] + B[j][k] * alpha * A[i][k];
    }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    A = corr_f64("A", CORR_INPUT, count);
    B = corr_f64("B", CORR_INPUT, count);
    C = corr_f64("C", CORR_OUTPUT, count);
}

static void init(int n)
{
    size_t count = (size_t)n * n;
    corr_fill_real(A, count, 0, 1e6);
    corr_fill_real(B, count, 1, 1e6);
    corr_fill_real(C, count, 2, 1e6);
}

static void run(int n)
{
    kernel_syr2k(n, 1.5, 1.25, (double (*)[n])A, (double (*)[n])B, (double (*)[n])C);
}

CORR_MAIN("syr2k", 16, 128, 750, 1200)
