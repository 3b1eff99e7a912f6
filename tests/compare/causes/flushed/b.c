/* Lines that are written one by one. */
#include <stdio.h>

int main(void)
{
    for (int i = 0; i < 400000; i++)
        printf("%d\n", i), fflush(stdout);
}
