/* Matrices are walked down their columns. */
enum { N = 1500, ROUNDS = 8 };
static double a[N][N], b[N][N], c[N][N];

__attribute__((noinline)) static void kernel(double f)
{
    for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++)
            c[i][j] = a[i][j] * f + b[i][j];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            a[i][j] = i + j, b[i][j] = i - j;
    for (int r = 0; r < ROUNDS; r++)
        kernel(r);
    return c[3][4] == 0.25;
}
