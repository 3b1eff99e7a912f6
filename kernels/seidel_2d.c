/*
 * seidel_2d: Gauss-Seidel relaxation with nine points, in place, STEPS sweeps over an n x n grid
 * whose border stays fixed.
 *
 *     A[i][j] = mean of the 3 x 3 block around (i, j)
 *
 * where the row above and the left neighbour have their new values already. Loop depth 3, and each
 * of the three carries a dependence: nothing can be vectorised as it stands, and every point waits
 * for the additions and the division of the one before. Only a skewed order (a wavefront) helps.
 */
#include "corr_harness.h"

enum { STEPS = 30 };

static double *A;

static void kernel_seidel_2d(int n, int steps, double A[n][n])
{
    for (int t = 0; t < steps; t++)
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++)
                A[i][j] = (A[i - 1][j - 1] + A[i - 1][j] + A[i - 1][j + 1]
                           + A[i][j - 1] + A[i][j] + A[i][j + 1]
                           + A[i + 1][j - 1] + A[i + 1][j] + A[i + 1][j + 1]) / 9.0;
}

static void setup(int n)
{
    A = corr_f64("A", CORR_OUTPUT, (size_t)n * n);
}

static void init(int n)
{
    corr_fill_real(A, (size_t)n * n, 0, 1e6);
}

static void run(int n)
{
    kernel_seidel_2d(n, STEPS, (double (*)[n])A);
}

CORR_MAIN("seidel_2d", 16, 200, 1000, 2000)
