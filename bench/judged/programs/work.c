/* Rounds of a recurrence, and a tenth of them once more for nothing: `work` on corr's harness. */
#include "corr_harness.h"

static double *X, *Y, *Spare;

static __attribute__((noinline)) void rounds(int n, int count, double *restrict y, const double *restrict x)
{
    for (int r = 0; r < count; r++)
        for (int i = 1; i < n; i++)
            y[i] = 0.5 * y[i - 1] + x[i];
}

static void setup(int n)
{
    X = corr_f64("X", CORR_INPUT, (size_t)n);
    Y = corr_f64("Y", CORR_OUTPUT, (size_t)n);
    Spare = corr_f64("Spare", CORR_OUTPUT, (size_t)n);
}

static void init(int n)
{
    corr_fill_real(X, (size_t)n, 0, 1e6);
    corr_fill_real(Y, (size_t)n, 1, 1e6);
    corr_fill_real(Spare, (size_t)n, 1, 1e6);
}

static void run(int n)
{
    rounds(n, 200, Y, X);
    rounds(n, 22, Spare, X);
}

CORR_MAIN("work", 64, 1000, 60000, 120000)
