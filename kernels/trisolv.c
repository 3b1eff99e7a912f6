/*
 * trisolv: forward substitution, L x = b for a lower triangular n x n matrix, PASSES times over,
 * each pass solving for the x of the one before, scaled.
 *
 *     x[i] = (b[i] - sum_{j<i} L[i][j] x[j]) / L[i][i]
 *     b[i] = n x[i]                  keeps x bounded, as the diagonal is near n
 *
 * Loop depth 3, triangular. Every element of x needs all those before it, and the inner loop is a
 * sum along a row that may not be reordered: one chain of subtractions from end to end. Going by
 * columns (j outside i) would leave updates that are independent of one another.
 */
#include "corr_harness.h"

enum { PASSES = 100 };

static double *L, *b, *x;

static void kernel_trisolv(int n, int passes, double L[n][n], double b[n], double x[n])
{
    for (int pass = 0; pass < passes; pass++) {
        for (int i = 0; i < n; i++) {
            x[i] = b[i];
            for (int j = 0; j < i; j++)
                x[i] -= L[i][j] * x[j];
            x[i] = x[i] / L[i][i];
        }

        for (int i = 0; i < n; i++)
            b[i] = n * x[i];
    }
}

static void setup(int n)
{
    L = corr_f64("L", CORR_INPUT, (size_t)n * n);
    b = corr_f64("b", CORR_SCRATCH, (size_t)n);
    x = corr_f64("x", CORR_OUTPUT, (size_t)n);
}

/* Elements in [0, 1), and n more on the diagonal; what is above it is not read. */
static void init(int n)
{
    corr_fill_real(L, (size_t)n * n, 0, 1.0);
    corr_fill_real(b, (size_t)n, 1, 1.0);
    for (size_t i = 0; i < (size_t)n; i++)
        L[i * n + i] += n;
}

static void run(int n)
{
    kernel_trisolv(n, PASSES, (double (*)[n])L, b, x);
}

CORR_MAIN("trisolv", 20, 400, 2200, 4000)
