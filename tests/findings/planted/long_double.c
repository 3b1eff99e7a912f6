/* A sum that needs no more than double. */
#include <stdio.h>

int main(void)
{
    long double sum = 0;
    for (long i = 1; i < 150000000; i++)
        sum += 1.0L / i;
    printf("%.9Lf\n", sum);
}
