/*
 * gemm: general matrix product, C = beta C + alpha A B, all n x n.
 *
 *     C[i][j] = beta C[i][j] + alpha sum_k A[i][k] B[k][j]
 *
 * Loop depth 3. The innermost loop is a floating-point sum, which a compiler may not reorder, and
 * it walks B down a column, n doubles at a time. Exchanging j and k cures both; the compiler has to
 * prove that A, B and C do not overlap before it may.
 */
#include "corr_harness.h"

static double *A, *B, *C;

static void kernel_gemm(int n, double alpha, double beta, double A[n][n], double B[n][n],
                        double C[n][n])
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            C[i][j] *= beta;
            for (int k = 0; k < n; k++)
                C[i][j] += alpha * A[i][k] * B[k][j];
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
    kernel_gemm(n, 1.5, 1.25, (double (*)[n])A, (double (*)[n])B, (double (*)[n])C);
}

CORR_MAIN("gemm", 16, 128, 700, 1200)
