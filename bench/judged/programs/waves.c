/* Folds a signal with a window, lets it run out in place, and prints numbers: waves COUNT SEED SCALE. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define WINDOW 64

static volatile int finished;

static void fold(const double *x, const double *w, double *y, int n, int m)
{
    for (int i = 0; i < n; i++) {
        y[i] = 0.0;
        for (int k = 0; k < m; k++)
            y[i] += x[i + k] * w[k];
    }
}

static void run_out(double *y, const double *x, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = 0.75 * y[i] + 0.25 * x[i];
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 300000;
    unsigned seed = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
    double scale = argc > 3 ? atof(argv[3]) : 1.0, total = 0.0;
    double *x = malloc((size_t)(n + WINDOW) * sizeof *x), *y = malloc((size_t)(n + WINDOW) * sizeof *y);
    double w[WINDOW];
    if (!x || !y)
        return 1;
    for (int i = 0; i < n + WINDOW; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = scale * ((seed >> 8) * 0x1p-24 - 0.5);
        y[i] = 0.0;
    }
    for (int k = 0; k < WINDOW; k++)
        w[k] = (k % 5 - 2) * 0.125;
    for (int round = 0; round < 3; round++) {
        fold(x, w, y, n, WINDOW);
        run_out(y + 1, y, n - 1);
        memcpy(x, y, (size_t)n * sizeof *x);
        finished = round;
    }
    for (int i = 0; i < n; i++)
        total += y[i];
    printf("%.17g\n", total);
    for (int i = 0; i < n; i += n / 50 + 1)
        printf("%.17g\n", y[i]);
    free(x);
    free(y);
    return finished == 2 ? 0 : 1;
}
