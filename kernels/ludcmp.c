/*
 * ludcmp: solves A x = b for an n x n matrix by lu's factorisation without pivoting, in place, and
 * then two substitutions.
 *
 *     L y = b:  y[i] =  b[i] - sum_{j<i} L[i][j] y[j]
 *     U x = y:  x[i] = (y[i] - sum_{j>i} U[i][j] x[j]) / U[i][i]      from the last i on
 *
 * Loop depth 3, triangular. lu's two nests with the sum in a scalar, so that the element is loaded
 * and stored once whatever the compiler can prove; then a forward and a backward loop of depth 2,
 * each a chain in which every element waits for all those before it.
 */
#include "corr_harness.h"

static double *A, *b, *x, *y;

static void kernel_ludcmp(int n, double A[n][n], double b[n], double x[n], double y[n])
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
            double w = A[i][j];
            for (int k = 0; k < j; k++)
                w -= A[i][k] * A[k][j];
            A[i][j] = w / A[j][j];
        }
        for (int j = i; j < n; j++) {
            double w = A[i][j];
            for (int k = 0; k < i; k++)
                w -= A[i][k] * A[k][j];
            A[i][j] = w;
        }
    }

    for (int i = 0; i < n; i++) {
        double w = b[i];
        for (int j = 0; j < i; j++)
            w -= A[i][j] * y[j];
        y[i] = w;
    }

    for (int i = n - 1; i >= 0; i--) {
        double w = y[i];
        for (int j = i + 1; j < n; j++)
            w -= A[i][j] * x[j];
        x[i] = w / A[i][i];
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_INPUT, (size_t)n * n);
    b = corr_f64("b", CORR_INPUT, (size_t)n);
    x = corr_f64("x", CORR_OUTPUT, (size_t)n);
    y = corr_f64("y", CORR_OUTPUT, (size_t)n);
}

/* Elements in [0, 1), and n more on the diagonal of A: dominant, so no pivot is needed. */
static void init(int n)
{
    corr_fill_real(A, (size_t)n * n, 0, 1.0);
    corr_fill_real(b, (size_t)n, 1, 1.0);
    for (size_t i = 0; i < (size_t)n; i++)
        A[i * n + i] += n;
}

static void run(int n)
{
    kernel_ludcmp(n, (double (*)[n])A, b, x, y);
}

CORR_MAIN("ludcmp", 20, 160, 1000, 2000)
