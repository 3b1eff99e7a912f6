/* Divisions of values below the normal range. */
#include <xmmintrin.h>
enum { N = 4096, ROUNDS = 15000 };
static float x[N], y[N];

__attribute__((noinline)) void kernel(float divisor)
{
    for (int i = 0; i < N; i++)
        y[i] = x[i] / divisor;
}

int main(void)
{

    for (int i = 0; i < N; i++)
        x[i] = 3e-39f;
    for (int r = 0; r < ROUNDS; r++)
        kernel(3.0f);
    return y[1] == 0.25f;
}
