/* The time is that of exp in the mathematical library. */
#include <math.h>
enum { N = 4096, ROUNDS = 3000 };
static double x[N], y[N];

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 0; i < N; i++)
        y[i] = exp(x[i]);
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = 1.0 / (i + 1);
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return y[1] == 0.25;
}
