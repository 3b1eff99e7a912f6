/*
 * heat_3d: heat flow in an n x n x n block whose surface stays fixed, STEPS pairs of sweeps.
 *
 *     B = A + (sum over the three axes of  before - 2 A + after) / 8
 *
 * then the same from B back to A. Loop depth 4. No point of a sweep depends on another: vectorised
 * behind an overlap check. Seven reads for each point, from three planes: what the cache still
 * holds of the plane before decides how fast it is.
 */
#include "corr_harness.h"

enum { STEPS = 20 };

static double *A, *B;

static void kernel_heat_3d(int n, int steps, double A[n][n][n], double B[n][n][n])
{
    for (int t = 0; t < steps; t++) {
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++)
                for (int k = 1; k < n - 1; k++)
                    B[i][j][k] = 0.125 * (A[i + 1][j][k] - 2.0 * A[i][j][k] + A[i - 1][j][k])
                                 + 0.125 * (A[i][j + 1][k] - 2.0 * A[i][j][k] + A[i][j - 1][k])
                                 + 0.125 * (A[i][j][k + 1] - 2.0 * A[i][j][k] + A[i][j][k - 1])
                                 + A[i][j][k];

        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++)
                for (int k = 1; k < n - 1; k++)
                    A[i][j][k] = 0.125 * (B[i + 1][j][k] - 2.0 * B[i][j][k] + B[i - 1][j][k])
                                 + 0.125 * (B[i][j + 1][k] - 2.0 * B[i][j][k] + B[i][j - 1][k])
                                 + 0.125 * (B[i][j][k + 1] - 2.0 * B[i][j][k] + B[i][j][k - 1])
                                 + B[i][j][k];
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_OUTPUT, corr_cube(n));
    B = corr_f64("B", CORR_OUTPUT, corr_cube(n));
}

static void init(int n)
{
    corr_fill_real(A, corr_cube(n), 0, 1e6);
    memcpy(B, A, corr_cube(n) * sizeof *A);
}

static void run(int n)
{
    kernel_heat_3d(n, STEPS, (double (*)[n][n])A, (double (*)[n][n])B);
}

CORR_MAIN("heat_3d", 10, 40, 160, 240)
