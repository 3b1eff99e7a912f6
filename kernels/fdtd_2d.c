/*
 * fdtd_2d: an electromagnetic wave in two dimensions by finite differences in time (Yee), STEPS
 * steps over n x n grids; the edge ey[0] is driven by the source.
 *
 *     ey[i][j] -= (hz[i][j] - hz[i-1][j]) / 2         i > 0;  ey[0][j] = source[t]
 *     ex[i][j] -= (hz[i][j] - hz[i][j-1]) / 2         j > 0
 *     hz[i][j] -= 0.7 (ex[i][j+1] - ex[i][j] + ey[i+1][j] - ey[i][j])
 *
 * Loop depth 3. Three sweeps a step, each without a dependence of its own and vectorised behind
 * overlap checks; each reads what the one before wrote, one row or column away, so that fusing them
 * takes a shift. Bound by memory until they are fused or tiled over time.
 */
#include "corr_harness.h"

enum { STEPS = 50 };

static double *ex, *ey, *hz, *source;

static void kernel_fdtd_2d(int n, int steps, double ex[n][n], double ey[n][n], double hz[n][n],
                           double source[steps])
{
    for (int t = 0; t < steps; t++) {
        for (int j = 0; j < n; j++)
            ey[0][j] = source[t];

        for (int i = 1; i < n; i++)
            for (int j = 0; j < n; j++)
                ey[i][j] -= 0.5 * (hz[i][j] - hz[i - 1][j]);

        for (int i = 0; i < n; i++)
            for (int j = 1; j < n; j++)
                ex[i][j] -= 0.5 * (hz[i][j] - hz[i][j - 1]);

        for (int i = 0; i < n - 1; i++)
            for (int j = 0; j < n - 1; j++)
                hz[i][j] -= 0.7 * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
    }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    ex = corr_f64("ex", CORR_OUTPUT, count);
    ey = corr_f64("ey", CORR_OUTPUT, count);
    hz = corr_f64("hz", CORR_OUTPUT, count);
    source = corr_f64("source", CORR_INPUT, STEPS);
}

static void init(int n)
{
    size_t count = (size_t)n * n;
    corr_fill_real(ex, count, 0, 1e6);
    corr_fill_real(ey, count, 1, 1e6);
    corr_fill_real(hz, count, 2, 1e6);
    corr_fill_real(source, STEPS, 3, 1e6);
}

static void run(int n)
{
    kernel_fdtd_2d(n, STEPS, (double (*)[n])ex, (double (*)[n])ey, (double (*)[n])hz, source);
}

CORR_MAIN("fdtd_2d", 20, 200, 1500, 2500)
