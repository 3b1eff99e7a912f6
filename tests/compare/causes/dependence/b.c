/* Each element is smoothed from its own predecessor. */
enum { N = 4096, ROUNDS = 20000 };
static int x[N], y[N];

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 4; i < N; i++)
        y[i] = y[i - 1] / 2 + x[i];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i % 5;
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return y[1] == 3;
}
