/* Planted: nothing is wrong with it, but that it is built with -O0. */
#include <stdio.h>

static double x[1000], y[1000];

int main(void) {
    for (int i = 0; i < 1000; i++)
        x[i] = i * 0.5;
    for (int round = 0; round < 200000; round++)
        for (int i = 0; i < 1000; i++)
            y[i] = y[i] * 0.5 + x[i];
    printf("%g\n", y[999]);
}
