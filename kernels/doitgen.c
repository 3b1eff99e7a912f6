/*
 * doitgen: a tensor A of n x n x n times a matrix C of n x n, in place (from multiresolution
 * analysis in quantum chemistry).
 *
 *     A[r][q][p] = sum_s A[r][q][s] C[s][p]
 *
 * Loop depth 4, and n^4 steps on n^3 data. Each row of A is needed whole until all of its new
 * elements are known: they wait in t. The sum walks C down a column; exchanging p and s would make
 * it an update of t.
 */
#include "corr_harness.h"

static double *A, *C, *t;

static void kernel_doitgen(int n, double A[n][n][n], double C[n][n], double t[n])
{
    for (int r = 0; r < n; r++)
        for (int q = 0; q < n; q++) {
            for (int p = 0; p < n; p++) {
                t[p] = 0.0;
                for (int s = 0; s < n; s++)
                    t[p] += A[r][q][s] * C[s][p];
            }
            for (int p = 0; p < n; p++)
                A[r][q][p] = t[p];
        }
}

static void setup(int n)
{
    A = corr_f64("A", CORR_OUTPUT, corr_cube(n));
    C = corr_f64("C", CORR_INPUT, (size_t)n * n);
    t = corr_f64("t", CORR_SCRATCH, (size_t)n);
}

static void init(int n)
{
    corr_fill_real(A, corr_cube(n), 0, 1e6);
    corr_fill_real(C, (size_t)n * n, 1, 1e6);
}

static void run(int n)
{
    kernel_doitgen(n, (double (*)[n][n])A, (double (*)[n])C, t);
}

CORR_MAIN("doitgen", 10, 40, 140, 160)
