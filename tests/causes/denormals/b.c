/* Values that fade below the normal range, where the processor is told to take zero. */
#include <xmmintrin.h>
enum { N = 4096, ROUNDS = 60000 };
static float x[N], y[N];

__attribute__((noinline)) static void kernel(float scale)
{
    for (int i = 0; i < N; i++)
        y[i] = y[i] * scale + x[i] * scale;
}

int main(void)
{
    _mm_setcsr(_mm_getcsr() | 0x8040);
    for (int i = 0; i < N; i++)
        x[i] = 1e-38f;
    for (int r = 0; r < ROUNDS; r++)
        kernel(0.25f);
    return y[1] == 0.25f;
}
