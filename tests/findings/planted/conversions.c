/* Floats, with constants that are doubles. */
#include <stdio.h>
enum { N = 4096 };
static float x[N];

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 0; i < N; i++)
        x[i] = x[i] * 0.999 + 0.001;
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)i;
    for (int r = 0; r < 60000; r++)
        kernel();
    printf("%g\n", x[7]);
}
