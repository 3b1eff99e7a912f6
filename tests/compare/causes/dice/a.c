/* Throws dice of its own. */
#include <stdio.h>

static unsigned state = 1;

__attribute__((noinline)) static long kernel(int throws)
{
    long sum = 0;
    for (int i = 0; i < throws; i++) {
        state = state * 1664525u + 1013904223u;
        sum += (state >> 16) % 6 + 1;
    }
    return sum;
}

int main(void) { printf("%ld\n", kernel(20000000)); }
