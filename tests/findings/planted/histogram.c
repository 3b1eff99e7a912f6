/* Counts bytes, most of which are the same. */
#include <stdio.h>
enum { N = 1 << 16 };
static unsigned char data[N];

__attribute__((noinline)) static void kernel(unsigned *counts)
{
    for (int i = 0; i < N; i++)
        counts[data[i]]++;
}

int main(void)
{
    unsigned counts[256] = {0};
    for (int i = 0; i < N; i++)
        data[i] = i % 10 ? 7 : i;
    for (int r = 0; r < 2000; r++)
        kernel(counts);
    printf("%u\n", counts[7]);
}
