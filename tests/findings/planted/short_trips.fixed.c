/* Rows of three: the vectors that the loop was given are longer. */
enum { N = 3, ROUNDS = 20000000 };
int x[64], y[64];

__attribute__((noinline)) void kernel(int *restrict to, const int *restrict from, int n)
{
    (void)n;
    for (int i = 0; i < N; i++)
        to[i] = from[i] * 3;
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++)
        kernel(x, y, N);
    return x[1] == 3;
}
