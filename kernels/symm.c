/*
 * symm: C = beta C + alpha A B with a symmetric A, of which only the lower triangle is read; all
 * n x n.
 *
 *     C[k][j] += alpha B[i][j] A[i][k]                              for k < i
 *     C[i][j]  = beta C[i][j] + alpha (B[i][j] A[i][i] + sum_{k<i} B[k][j] A[i][k])
 *
 * Loop depth 3, triangular. The innermost loop does two things for each element of row i of A: it
 * adds to the rows of C above, and it sums for the row in hand. Both go down a column, of C and of
 * B, and the sum has to stay in order.
 */
#include "corr_harness.h"

static double *A, *B, *C;

static void kernel_symm(int n, double alpha, double beta, double A[n][n], double B[n][n],
                        double C[n][n])
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0.0;
            for (int k = 0; k < i; k++) {
                C[k][j] += alpha * B[i][j] * A[i][k];
                sum += B[k][j] * A[i][k];
            }
            C[i][j] = beta * C[i][j] + alpha * B[i][j] * A[i][i] + alpha * sum;
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
    kernel_symm(n, 1.5, 1.25, (double (*)[n])A, (double (*)[n])B, (double (*)[n])C);
}

CORR_MAIN("symm", 16, 128, 750, 1200)
