/*
 * durbin: the Levinson-Durbin recursion, which solves the Yule-Walker equations T y = -r for the
 * symmetric Toeplitz matrix T with 1 on the diagonal and r[0], r[1], ... beside it.
 *
 *     alpha   = -(r[k] + sum_{i<k} r[k-1-i] y[i]) / beta
 *     y[i]   += alpha y[k-1-i]      for i < k, then y[k] = alpha
 *     beta   *= 1 - alpha^2
 *
 * for k = 1 .. n-1, from y[0] = alpha = -r[0] and beta = 1 - r[0]^2. Loop depth 2, triangular. One
 * inner loop is a sum with one of its arrays read backwards; the second reads y both ways into z
 * and is vectorised with shuffles; the third copies z back, and would be a memcpy if only z and y
 * were known to be apart.
 */
#include "corr_harness.h"

static double *r, *y, *z;

static void kernel_durbin(int n, const double r[n], double y[n], double z[n])
{
    double alpha = -r[0];
    double beta = 1.0 - r[0] * r[0];
    y[0] = alpha;

    for (int k = 1; k < n; k++) {
        double sum = 0.0;
        for (int i = 0; i < k; i++)
            sum += r[k - 1 - i] * y[i];
        alpha = -(r[k] + sum) / beta;

        for (int i = 0; i < k; i++)
            z[i] = y[i] + alpha * y[k - 1 - i];
        for (int i = 0; i < k; i++)
            y[i] = z[i];

        y[k] = alpha;
        beta *= 1.0 - alpha * alpha;
    }
}

static void setup(int n)
{
    r = corr_f64("r", CORR_INPUT, (size_t)n);
    y = corr_f64("y", CORR_OUTPUT, (size_t)n);
    z = corr_f64("z", CORR_SCRATCH, (size_t)n);
}

/* r[k] falls off as 0.3 / (k+1)^2, so that a row of T sums to less than 2: well conditioned. */
static void init(int n)
{
    corr_fill_f64(r, (size_t)n, 0, -1.0, 2.0);
    for (int k = 0; k < n; k++)
        r[k] *= 0.3 / ((k + 1.0) * (k + 1.0));
}

static void run(int n)
{
    kernel_durbin(n, r, y, z);
}

CORR_MAIN("durbin", 40, 2000, 20000, 50000)
