/*
 * adi: heat flow on an n x n grid by alternating directions (Peaceman-Rachford), STEPS steps. Half
 * a step is implicit along the columns and explicit along the rows, the other half the other way
 * round; each line is a tridiagonal system with 1 at both ends. For the columns:
 *
 *     a v[j-1][i] + b v[j][i] + a v[j+1][i] = -d u[j][i-1] + (1 + 2d) u[j][i] - d u[j][i+1]
 *     elimination   p[j] = -a / (a p[j-1] + b),  q[j] = (right side - a q[j-1]) / (a p[j-1] + b)
 *     substitution  v[j] = p[j] v[j+1] + q[j]
 *
 * and for the rows the same with (d, e) for (a, b) and u and v exchanged. Loop depth 3. Within a
 * line every element waits for a division of the one before; the lines are independent, so that
 * with the loops exchanged either half could be vectorised. But the first half walks u and v down
 * columns as it is, and would walk p and q down theirs then.
 */
#include "corr_harness.h"

enum { STEPS = 50 };

static double *u, *v, *p, *q;

static void kernel_adi(int n, int steps, double u[n][n], double v[n][n], double p[n][n],
                       double q[n][n])
{
    double step_over_square = (double)n * n / steps; /* grid spacing 1 / n, time step 1 / steps */
    double a = -step_over_square;
    double b = 1.0 + 2.0 * step_over_square;
    double d = -0.5 * step_over_square;
    double e = 1.0 + step_over_square;

    for (int t = 0; t < steps; t++) {
        for (int i = 1; i < n - 1; i++) {
            v[0][i] = 1.0;
            p[i][0] = 0.0;
            q[i][0] = v[0][i];
            for (int j = 1; j < n - 1; j++) {
                p[i][j] = -a / (a * p[i][j - 1] + b);
                q[i][j] = (-d * u[j][i - 1] + (1.0 + 2.0 * d) * u[j][i] - d * u[j][i + 1]
                           - a * q[i][j - 1]) / (a * p[i][j - 1] + b);
            }
            v[n - 1][i] = 1.0;
            for (int j = n - 2; j >= 1; j--)
                v[j][i] = p[i][j] * v[j + 1][i] + q[i][j];
        }

        for (int i = 1; i < n - 1; i++) {
            u[i][0] = 1.0;
            p[i][0] = 0.0;
            q[i][0] = u[i][0];
            for (int j = 1; j < n - 1; j++) {
                p[i][j] = -d / (d * p[i][j - 1] + e);
                q[i][j] = (-a * v[i - 1][j] + (1.0 + 2.0 * a) * v[i][j] - a * v[i + 1][j]
                           - d * q[i][j - 1]) / (d * p[i][j - 1] + e);
            }
            u[i][n - 1] = 1.0;
            for (int j = n - 2; j >= 1; j--)
                u[i][j] = p[i][j] * u[i][j + 1] + q[i][j];
        }
    }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    u = corr_f64("u", CORR_OUTPUT, count);
    v = corr_f64("v", CORR_SCRATCH, count);
    p = corr_f64("p", CORR_SCRATCH, count);
    q = corr_f64("q", CORR_SCRATCH, count);
}

static void init(int n)
{
    corr_fill_real(u, (size_t)n * n, 0, 1e6);
}

static void run(int n)
{
    kernel_adi(n, STEPS, (double (*)[n])u, (double (*)[n])v, (double (*)[n])p, (double (*)[n])q);
}

CORR_MAIN("adi", 16, 100, 500, 1000)
