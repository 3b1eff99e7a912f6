/* Sums of all elements before each. */
#include <stdio.h>
enum { N = 2048 };
static unsigned in[N], out[N];

__attribute__((noinline)) static void kernel(const unsigned *restrict from, unsigned *restrict to, int n)
{
    unsigned sum = 0;
    for (int i = 0; i < n; i++) {
        sum += from[i];
        to[i] = sum;
    }
}

int main(void)
{
    unsigned total = 0;
    for (int r = 0; r < 300000; r++) {
        in[r % N]++;
        kernel(in, out, N);
        total += out[N - 1];
    }
    printf("%u\n", total);
}
