/* A transposition. */
enum { N = 2048, BLOCK = 16, ROUNDS = 3 };
static double from[N][N], to[N][N];

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            to[j][i] = from[i][j];
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++) {
        from[r][1] = r;
        kernel();
    }
    return to[1][1] == 7.0;
}
