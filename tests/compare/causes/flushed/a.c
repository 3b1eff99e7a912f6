/* Lines that are written when the buffer is full. */
#include <stdio.h>

int main(void)
{
    for (int i = 0; i < 400000; i++)
        printf("%d\n", i);
}
