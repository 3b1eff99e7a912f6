/* Vectors that stay in the first cache, built for any machine. */
#include <stdio.h>
enum { N = 1024, ROUNDS = 700000 };
static float x[N], y[N], z[N];

__attribute__((noinline)) static void kernel(float f)
{
    for (int i = 0; i < N; i++)
        z[i] = (x[i] - f) * (y[i] + f) - x[i] * y[i];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)i, y[i] = 0.25f * (float)(i % 7);
    for (int r = 0; r < ROUNDS; r++)
        kernel((float)(r % 5));
    printf("%g %g\n", z[1], z[N - 1]);
}
