/*
 * correlation: the matrix of correlation coefficients of n variables, from n observations of each;
 * the observations, a row each, are standardised in place on the way.
 *
 *     mean[j]  = sum_k data[k][j] / n
 *     dev[j]   = sqrt(sum_k (data[k][j] - mean[j])^2 / n)      1 if this is near 0
 *     data     = (data - mean) / (sqrt(n) dev)
 *     R[i][j]  = sum_k data[k][i] data[k][j],  R[i][i] = 1
 *
 * Loop depth 3, triangular. Every sum goes down columns, the hot one down two at once: the nest
 * wants k outside, where both reads and the update of R run along rows.
 */
#include "corr_harness.h"

static double *data, *R, *mean, *dev;

static void kernel_correlation(int n, double data[n][n], double R[n][n], double mean[n],
                               double dev[n])
{
    for (int j = 0; j < n; j++) {
        mean[j] = 0.0;
        for (int i = 0; i < n; i++)
            mean[j] += data[i][j];
        mean[j] /= n;
    }

    for (int j = 0; j < n; j++) {
        dev[j] = 0.0;
        for (int i = 0; i < n; i++)
            dev[j] += (data[i][j] - mean[j]) * (data[i][j] - mean[j]);
        dev[j] = sqrt(dev[j] / n);
        if (dev[j] <= 0.1)
            dev[j] = 1.0;
    }

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            data[i][j] -= mean[j];
            data[i][j] /= sqrt(n) * dev[j];
        }

    for (int i = 0; i < n - 1; i++) {
        R[i][i] = 1.0;
        for (int j = i + 1; j < n; j++) {
            R[i][j] = 0.0;
            for (int k = 0; k < n; k++)
                R[i][j] += data[k][i] * data[k][j];
            R[j][i] = R[i][j];
        }
    }
    R[n - 1][n - 1] = 1.0;
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    data = corr_f64("data", CORR_INPUT, count);
    R = corr_f64("R", CORR_OUTPUT, count);
    mean = corr_f64("mean", CORR_SCRATCH, (size_t)n);
    dev = corr_f64("dev", CORR_SCRATCH, (size_t)n);
}

static void init(int n)
{
    corr_fill_real(data, (size_t)n * n, 0, 1e6);
}

static void run(int n)
{
    kernel_correlation(n, (double (*)[n])data, (double (*)[n])R, mean, dev);
}

CORR_MAIN("correlation", 16, 128, 800, 1200)
