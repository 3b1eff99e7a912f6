/* Half of the triangle of a table of distances. */
enum { N = 2000, ROUNDS = 300 };
static int x[N], y[N];

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            y[j] += x[i] ^ x[j];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i;
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return y[1] == 3;
}
