/* A product whose only result is a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define N 320
static double A[N][N], B[N][N], C[N][N];

static void fill(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            A[i][j] = (i * j) % 7 * 0.3;
            B[i][j] = (i + j) % 5 * 0.7;
        }
}

static void product(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++)
                C[i][j] += A[i][k] * B[k][j];
}

int main(int argc, char **argv)
{
    fill();
    product();
    FILE *f = fopen(argc > 1 ? argv[1] : "result.bin", "wb");
    if (!f)
        return 1;
    fwrite(C, sizeof C, 1, f);
    fclose(f);
    return 0;
}
