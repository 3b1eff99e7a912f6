/* Echoes that are kept alive by a bias too small for a normal number. */
#include <stdio.h>
enum { TAPS = 64 };
static float echo[TAPS], damping[TAPS];

__attribute__((noinline)) static void kernel(int steps)
{
    for (int step = 0; step < steps; step++)
        for (int i = 0; i < TAPS; i++)
            echo[i] = echo[i] / damping[i] + 2e-39f;
}

int main(void)
{
    for (int i = 0; i < TAPS; i++) {
        echo[i] = 1.0f + (float)i;
        damping[i] = 1.5f + 0.01f * (float)i;
    }
    kernel(3000000);
    double sum = 0;
    for (int i = 0; i < TAPS; i++)
        sum += echo[i];
    printf("%g\n", sum);
}
