/*
 * bicg: the two products of the biconjugate gradient method, s = A^T r and q = A p, for an n x n
 * matrix in one pass over it; PASSES times over, each from the results of the one before, scaled.
 *
 *     s[j] += r[i] A[i][j]                 for each row i, along with
 *     q[i]  = sum_j A[i][j] p[j]
 *     r[i]  = 2 q[i] / n,  p[i] = 2 s[i] / n      keeps both near 1, as A averages 1/2
 *
 * Loop depth 3. One innermost loop has an update, which could be vectorised, and a sum, which may
 * not be reordered: the sum decides for both unless the loop is split in two. As s might overlap q
 * or p, each step of the sum goes through memory besides.
 */
#include "corr_harness.h"

enum { PASSES = 25 };

static double *A, *p, *q, *r, *s;

static void kernel_bicg(int n, int passes, double A[n][n], double p[n], double q[n], double r[n],
                        double s[n])
{
    for (int pass = 0; pass < passes; pass++) {
        for (int j = 0; j < n; j++)
            s[j] = 0.0;

        for (int i = 0; i < n; i++) {
            q[i] = 0.0;
            for (int j = 0; j < n; j++) {
                s[j] += r[i] * A[i][j];
                q[i] += A[i][j] * p[j];
            }
        }

        for (int i = 0; i < n; i++) {
            r[i] = 2.0 * q[i] / n;
            p[i] = 2.0 * s[i] / n;
        }
    }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_INPUT, (size_t)n * n);
    p = corr_f64("p", CORR_SCRATCH, (size_t)n);
    q = corr_f64("q", CORR_OUTPUT, (size_t)n);
    r = corr_f64("r", CORR_SCRATCH, (size_t)n);
    s = corr_f64("s", CORR_OUTPUT, (size_t)n);
}

static void init(int n)
{
    corr_fill_f64(A, (size_t)n * n, 0, 0.0, 1.0);
    corr_fill_real(p, (size_t)n, 1, 1e6);
    corr_fill_real(r, (size_t)n, 2, 1e6);
}

static void run(int n)
{
    kernel_bicg(n, PASSES, (double (*)[n])A, p, q, r, s);
}

CORR_MAIN("bicg", 20, 400, 2000, 4000)
