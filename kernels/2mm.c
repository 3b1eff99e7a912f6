/*
 * 2mm: two matrix products in a row, D = alpha A B C + beta D, all n x n.
 *
 *     T[i][j] = alpha sum_k A[i][k] B[k][j]
 *     D[i][j] = beta D[i][j] + sum_k T[i][k] C[k][j]
 *
 * Two nests of depth 3. The second reads what the first wrote, row by row: the outer loops could be
 * fused, and each inner one has gemm's column walk.
 */
#include "corr_harness.h"

static double *A, *B, *C, *D, *T;

static void kernel_2mm(int n, double alpha, double beta, double A[n][n], double B[n][n],
                       double C[n][n], double D[n][n], double T[n][n])
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            T[i][j] = 0.0;
            for (int k = 0; k < n; k++)
                T[i][j] += alpha * A[i][k] * B[k][j];
        }

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            D[i][j] *= beta;
            for (int k = 0; k < n; k++)
                D[i][j] += T[i][k] * C[k][j];
        }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    A = corr_f64("A", CORR_INPUT, count);
    B = corr_f64("B", CORR_INPUT, count);
    C = corr_f64("C", CORR_INPUT, count);
    D = corr_f64("D", CORR_OUTPUT, count);
    T = corr_f64("T", CORR_SCRATCH, count);
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
    kernel_2mm(n, 1.5, 1.25, (double (*)[n])A, (double (*)[n])B, (double (*)[n])C,
               (double (*)[n])D, (double (*)[n])T);
}

CORR_MAIN("2mm", 16, 96, 550, 1000)
