/* The sum in double. */
#include <stdio.h>

int main(void)
{
    double sum = 0;
    for (long i = 1; i < 150000000; i++)
        sum += 1.0 / i;
    printf("%.9f\n", sum);
}
