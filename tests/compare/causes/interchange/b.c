/* A matrix is scaled, its rows outermost. */
enum { N = 1500, ROUNDS = 30 };
static double m[N][N];

__attribute__((noinline)) static void kernel(double scale)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            m[i][j] = m[i][j] * scale + 1.0;
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++)
        kernel(0.5);
    return m[1][1] == 7.0;
}
