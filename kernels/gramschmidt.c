/*
 * gramschmidt: QR decomposition of an n x n matrix by the modified Gram-Schmidt process; A is used
 * up. For each column k in turn, with |A_k| the length of column k:
 *
 *     R[k][k] = |A_k|,  Q_k = A_k / R[k][k]
 *     R[k][j] = Q_k . A_j,  A_j = A_j - Q_k R[k][j]      for j > k
 *
 * Loop depth 3, triangular. Everything works on columns of arrays that are stored by rows: sums and
 * updates alike fetch a cache line for each element. Exchanging the loops around the updates is
 * legal and cures it, but the sum and the update share their j loop and have to be split first.
 */
#include "corr_harness.h"

static double *A, *Q, *R;

static void kernel_gramschmidt(int n, double A[n][n], double Q[n][n], double R[n][n])
{
    for (int k = 0; k < n; k++) {
        double square = 0.0;
        for (int i = 0; i < n; i++)
            square += A[i][k] * A[i][k];
        R[k][k] = sqrt(square);

        for (int i = 0; i < n; i++)
            Q[i][k] = A[i][k] / R[k][k];

        for (int j = k + 1; j < n; j++) {
            R[k][j] = 0.0;
            for (int i = 0; i < n; i++)
                R[k][j] += Q[i][k] * A[i][j];
            for (int i = 0; i < n; i++)
                A[i][j] -= Q[i][k] * R[k][j];
        }
    }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    A = corr_f64("A", CORR_INPUT, count);
    Q = corr_f64("Q", CORR_OUTPUT, count);
    R = corr_f64("R", CORR_OUTPUT, count);
}

/* Elements in [0, 1), and n more on the diagonal of A: dominant, so well conditioned. */
static void init(int n)
{
    corr_fill_real(A, (size_t)n * n, 0, 1.0);
    for (size_t i = 0; i < (size_t)n; i++) {
        A[i * n + i] += n;
        for (size_t j = 0; j < i; j++)
            R[i * n + j] = 0.0;
    }
}

static void run(int n)
{
    kernel_gramschmidt(n, (double (*)[n])A, (double (*)[n])Q, (double (*)[n])R);
}

CORR_MAIN("gramschmidt", 16, 128, 650, 1200)
