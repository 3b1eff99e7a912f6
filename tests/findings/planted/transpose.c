/* A matrix is turned over: one of the two is walked down its columns. */
#include <stdio.h>
enum { N = 1024 };
static double from[N][N], to[N][N];

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            to[j][i] = from[i][j];
}

int main(void)
{
    double sum = 0;
    for (int r = 0; r < 30; r++) {
        from[r][r] += 1;
        kernel();
        sum += to[r][r];
    }
    printf("%g\n", sum);
}
