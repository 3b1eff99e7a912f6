/*
 * covariance: the covariance matrix of n variables, from n observations of each; the observations,
 * a row each, are centred in place on the way.
 *
 *     mean[j] = sum_k data[k][j] / n
 *     data    = data - mean
 *     S[i][j] = sum_k data[k][i] data[k][j] / (n - 1)
 *
 * Loop depth 3, triangular. As in correlation, the hot sum goes down two columns at once, and each
 * result is stored twice, the second time down a column of S.
 */
#include "corr_harness.h"

static double *data, *S, *mean;

static void kernel_covariance(int n, double data[n][n], double S[n][n], double mean[n])
{
    for (int j = 0; j < n; j++) {
        mean[j] = 0.0;
        for (int i = 0; i < n; i++)
            mean[j] += data[i][j];
        mean[j] /= n;
    }

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            data[i][j] -= mean[j];

    for (int i = 0; i < n; i++)
        for (int j = i; j < n; j++) {
            S[i][j] = 0.0;
            for (int k = 0; k < n; k++)
                S[i][j] += data[k][i] * data[k][j];
            S[i][j] /= n - 1.0;
            S[j][i] = S[i][j];
        }
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    data = corr_f64("data", CORR_INPUT, count);
    S = corr_f64("S", CORR_OUTPUT, count);
    mean = corr_f64("mean", CORR_SCRATCH, (size_t)n);
}

static void init(int n)
{
    corr_fill_real(data, (size_t)n * n, 0, 1e6);
}

static void run(int n)
{
    kernel_covariance(n, (double (*)[n])data, (double (*)[n])S, mean);
}

CORR_MAIN("covariance", 16, 128, 800, 1200)
