/*
 * cholesky: factorisation A = L L^T of a symmetric positive definite n x n matrix, column by
 * column. L replaces the lower triangle of A; what is above the diagonal stays.
 *
 *     L[j][j] = sqrt(A[j][j] - sum_{k<j} L[j][k]^2)
 *     L[i][j] = (A[i][j] - sum_{k<j} L[i][k] L[j][k]) / L[j][j]      for i > j
 *
 * Loop depth 3, triangular: the inner trip count grows with j. Both inner loops are sums over rows,
 * contiguous but kept scalar by strict floating point, and all of it happens in one array.
 */
#include "corr_harness.h"

static double *A;

static void kernel_cholesky(int n, double A[n][n])
{
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < j; k++)
            A[j][j] -= A[j][k] * A[j][k];
        A[j][j] = sqrt(A[j][j]);

        for (int i = j + 1; i < n; i++) {
            for (int k = 0; k < j; k++)
                A[i][j] -= A[i][k] * A[j][k];
            A[i][j] /= A[j][j];
        }
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_OUTPUT, (size_t)n * n);
}

/* Symmetric, elements in [0, 1), and n more on the diagonal: dominant, so positive definite. */
static void init(int n)
{
    double (*M)[n] = (double (*)[n])A;
    corr_fill_real(A, (size_t)n * n, 0, 1.0);
    for (int i = 0; i < n; i++) {
        M[i][i] += n;
        for (int j = i + 1; j < n; j++)
            M[i][j] = M[j][i];
    }
}

static void run(int n)
{
    kernel_cholesky(n, (double (*)[n])A);
}

CORR_MAIN("cholesky", 20, 200, 1250, 2500)
