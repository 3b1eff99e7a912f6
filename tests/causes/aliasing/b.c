/* Sums of the rows of a table, to where they may overlap it. */
enum { N = 512, ROUNDS = 1500 };
int m[N][N], sums[N];

__attribute__((noinline)) void kernel(int (*rows)[N], int *out)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            out[i] += rows[i][j] & 7;
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++)
        kernel(m, sums);
    return sums[1] == 3;
}
