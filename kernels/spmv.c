/*
 * spmv: y = M x for a sparse n x n matrix M in compressed rows (CSR), PASSES times over, each pass
 * starting from the y of the one before, scaled.
 *
 *     y[i] = sum over start[i] <= e < start[i+1] of  value[e] x[column[e]]
 *     x[i] = 2 y[i] / MEAN      keeps x near 1, as the values average 1/2
 *
 * Loop depth 3. Rows of SHORTEST to LONGEST elements in columns anywhere: the trip count is read
 * from memory, and so is each index into x, which is a cache miss as soon as x is large. The sum
 * may not be reordered, but it is too short for that to matter much.
 */
#include "corr_harness.h"

enum { PASSES = 20, SHORTEST = 4, LONGEST = 28, MEAN = (SHORTEST + LONGEST) / 2 };

static int32_t *start, *column;
static double *value, *x, *y;

static void kernel_spmv(int n, int passes, const int *start, const int *column,
                        const double *value, double *x, double *y)
{
    for (int pass = 0; pass < passes; pass++) {
        for (int i = 0; i < n; i++) {
            double sum = 0.0;
            for (int e = start[i]; e < start[i + 1]; e++)
                sum += value[e] * x[column[e]];
            y[i] = sum;
        }

        for (int i = 0; i < n; i++)
            x[i] = 2.0 * y[i] / MEAN;
    }
}

static void setup(int n)
{
    size_t most = (size_t)n * LONGEST;
    if (most > INT32_MAX)
        corr_die(1, "out of memory for %d rows: their elements are counted in 32 bits", n);
    start = corr_i32("start", CORR_INPUT, (size_t)n + 1);
    column = corr_i32("column", CORR_INPUT, most);
    value = corr_f64("value", CORR_INPUT, most);
    x = corr_f64("x", CORR_OUTPUT, (size_t)n);
    y = corr_f64("y", CORR_OUTPUT, (size_t)n);
}

/* The lengths of the rows add up to where each one starts. */
static void init(int n)
{
    start[0] = 0;
    corr_fill_i32(start + 1, (size_t)n, 0, SHORTEST, LONGEST - SHORTEST + 1);
    for (int i = 0; i < n; i++)
        start[i + 1] += start[i];

    corr_fill_i32(column, (size_t)start[n], 1, 0, n);
    corr_fill_real(value, (size_t)start[n], 2, 1e6);
    corr_fill_real(x, (size_t)n, 3, 1e6);
}

static void run(int n)
{
    kernel_spmv(n, PASSES, start, column, value, x, y);
}

CORR_MAIN("spmv", 60, 2000, 300000, 1000000)
