/*
 * lu: factorisation A = L U of an n x n matrix without pivoting, in place: U replaces the upper
 * triangle with the diagonal, L, whose own diagonal is 1, the lower.
 *
 *     L[i][j] = (A[i][j] - sum_{k<j} L[i][k] U[k][j]) / U[j][j]      for j < i
 *     U[i][j] =  A[i][j] - sum_{k<i} L[i][k] U[k][j]                 for j >= i
 *
 * row by row. Loop depth 3, triangular in both. Two sums that go along a row and down a column of
 * the same array, with trip counts that grow; what is written is read again right away.
 */
#include "corr_harness.h"

static double *A;

static void kernel_lu(int n, double A[n][n])
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            for (int k = 0; k < j; k++)
                A[i][j] -= A[i][k] * A[k][j];
            A[i][j] /= A[j][j];
        }
        for (int j = i; j < n; j++)
            for (int k = 0; k < i; k++)
                A[i][j] -= A[i][k] * A[k][j];
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_OUTPUT, (size_t)n * n);
}

/* Elements in [0, 1), and n more on the diagonal: dominant, so no pivot is needed. */
static void init(int n)
{
    corr_fill_real(A, (size_t)n * n, 0, 1.0);
    for (size_t i = 0; i < (size_t)n; i++)
        A[i * n + i] += n;
}

static void run(int n)
{
    kernel_lu(n, (double (*)[n])A);
}

CORR_MAIN("lu", 20, 160, 1000, 2000)
