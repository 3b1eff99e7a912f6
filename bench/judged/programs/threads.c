/* A product whose rows are for several threads, as numbers: threads SIZE SEED. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(double *x, int count, unsigned seed)
{
    for (int i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (seed >> 8) / 16777213.0 - 0.5;
    }
}

static void product(int n, const double *a, const double *b, double *c)
{
#pragma omp parallel for
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0.0;
            for (int k = 0; k < n; k++)
                sum += a[i * n + k] * b[k * n + j];
            c[i * n + j] = sum;
        }
}

int main(int argc, char **argv)
{
    const int n = argc > 1 ? atoi(argv[1]) : 400;
    const unsigned seed = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
    double *a = malloc((size_t)n * n * sizeof *a), *b = malloc((size_t)n * n * sizeof *b);
    double *c = malloc((size_t)n * n * sizeof *c);
    if (!a || !b || !c)
        return 1;
    fill(a, n * n, seed);
    fill(b, n * n, seed + 1);
    product(n, a, b, c);
    for (int i = 0; i < n; i++) {
        double row = 0.0;
        for (int j = 0; j < n; j++)
            row += c[i * n + j];
        printf("%.17g\n", row);
    }
    free(a);
    free(b);
    free(c);
    return 0;
}
