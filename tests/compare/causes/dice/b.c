/* Throws the library's dice. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static long kernel(int throws)
{
    long sum = 0;
    for (int i = 0; i < throws; i++)
        sum += rand() % 6 + 1;
    return sum;
}

int main(void) { printf("%ld\n", kernel(20000000)); }
