/* Rounds of a recurrence, and a tenth of them once more for nothing: a program that prints. */
#include <stdio.h>
enum { N = 60000 };
static double x[N], y[N], spare[N];

static __attribute__((noinline)) void rounds(int count, double *restrict to)
{
    for (int r = 0; r < count; r++)
        for (int i = 1; i < N; i++)
            to[i] = 0.5 * to[i - 1] + x[i];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i % 7 * 0.25;
    rounds(400, y);
    rounds(44, spare);
    double sum = spare[N - 1] + spare[N / 2];
    for (int i = 0; i < N; i++)
        sum += y[i];
    printf("%.17g\n", sum);
    return 0;
}
