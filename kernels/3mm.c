/*
 * 3mm: three matrix products, G = (A B) (C D), all n x n.
 *
 *     E[i][j] = sum_k A[i][k] B[k][j]
 *     F[i][j] = sum_k C[i][k] D[k][j]
 *     G[i][j] = sum_k E[i][k] F[k][j]
 *
 * Three nests of depth 3. The first two are independent of each other and could run side by side;
 * the third needs all of F before its first element. Each has gemm's sum and gemm's column walk.
 */
#include "corr_harness.h"

static double *A, *B, *C, *D, *E, *F, *G;

static void kernel_3mm(int n, double A[n][n], double B[n][n], double C[n][n], double D[n][n],
                       double E[n][n], double F[n][n], double G[n][n])
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            E[i][j] = 0.0;
            for (int k = 0; k < n; k++)
                E[i][j] += A[i][k] * B[k][j];
        }

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            F[i][j] = 0.0;
            for (int k = 0; k < n; k++)
                F[i][j] += C[i][k] * D[k][j];
        }

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            G[i][j] = 0.0;
            for (int k = 0; k < n; k++)
                G[i][j] += E[i][k] * F[k][j];
        }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    A = corr_f64("A", CORR_INPUT, count);
    B = corr_f64("B", CORR_INPUT, count);
    C = corr_f64("C", CORR_INPUT, count);
    D = corr_f64("D", CORR_INPUT, count);
    E = corr_f64("E", CORR_SCRATCH, count);
    F = corr_f64("F", CORR_SCRATCH, count);
    G = corr_f64("G", CORR_OUTPUT, count);
}

static void init(int n)
{
    size_t count = (size_t)n * n;
    corr_fill_real(A, count, 0, 1e6);
    corr_fill_real(B, count, 1, 1e6);
    corr_fill_real(C, count, 2, 1e6);
    corr_fill_real(D, count, 3, 1e6);
}

static void run(int n)
{
    kernel_3mm(n, (double (*)[n])A, (double (*)[n])B, (double (*)[n])C, (double (*)[n])D,
               (double (*)[n])E, (double (*)[n])F, (double (*)[n])G);
}

CORR_MAIN("3mm", 16, 96, 500, 1000)
