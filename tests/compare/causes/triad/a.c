/* Three arrays far larger than any cache: the memory sets the pace. */
#include <stdlib.h>
enum { N = 6000000, ROUNDS = 6 };

__attribute__((noinline)) static void kernel(double *restrict a, const double *b, const double *c)
{
    for (int i = 0; i < N; i++)
        a[i] = b[i] + 0.5 * c[i];
}

int main(void)
{
    double *a = calloc(N, sizeof *a), *b = calloc(N, sizeof *b), *c = calloc(N, sizeof *c);
    for (int i = 0; i < N; i++)
        a[i] = b[i] = c[i] = i;
    for (int r = 0; r < ROUNDS; r++)
        kernel(a, b, c);
    return a[1] == 7.0;
}
