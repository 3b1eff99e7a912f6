/* C = beta C + alpha A B on corr's harness; it may be told to take one more, so that it asks its environment. */
#include "corr_harness.h"

static double *A, *B, *C;

static void product(int n, double alpha, double beta, double A[n][n], double B[n][n],
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
    if (getenv("MATRIX_LARGER"))
        n += 1;
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
    product(n, 1.5, 1.25, (double (*)[n])A, (double (*)[n])B, (double (*)[n])C);
}

CORR_MAIN("matrix", 16, 128, 300, 600)
