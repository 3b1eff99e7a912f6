/*
 * trmm: B = alpha A^T B in place, all n x n, where A is lower triangular with ones on the diagonal;
 * neither they nor what is above them is read.
 *
 *     B[i][j] = alpha (B[i][j] + sum_{k>i} A[k][i] B[k][j])
 *
 * Loop depth 3, triangular. Row i takes from the rows below, which still have their old values. The
 * sum goes down a column of A and a column of B; with j innermost it would be an update of a row.
 */
#include "corr_harness.h"

static double *A, *B;

static void kernel_trmm(int n, double alpha, double A[n][n], double B[n][n])
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            for (int k = i + 1; k < n; k++)
                B[i][j] += A[k][i] * B[k][j];
            B[i][j] *= alpha;
        }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    A = corr_f64("A", CORR_INPUT, count);
    B = corr_f64("B", CORR_OUTPUT, count);
}

static void init(int n)
{
    size_t count = (size_t)n * n;
    corr_fill_real(A, count, 0, 1e6);
    corr_fill_real(B, count, 1, 1e6);
}

static void run(int n)
{
    kernel_trmm(n, 1.5, (double (*)[n])A, (double (*)[n])B);
}

CORR_MAIN("trmm", 16, 128, 750, 1200)
