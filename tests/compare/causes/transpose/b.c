/* A transposition, block by block. */
enum { N = 2048, BLOCK = 16, ROUNDS = 3 };
static double from[N][N], to[N][N];

__attribute__((noinline)) static void kernel(void)
{
    for (int ii = 0; ii < N; ii += BLOCK)
        for (int jj = 0; jj < N; jj += BLOCK)
            for (int i = ii; i < ii + BLOCK; i++)
                for (int j = jj; j < jj + BLOCK; j++)
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
