/* The same arithmetic on double. */
enum { N = 2048, ROUNDS = 120000 };
static double x[N], y[N];

__attribute__((noinline)) static void kernel(double scale)
{
    for (int i = 0; i < N; i++)
        y[i] += scale * x[i];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = (double)(i % 7);
    for (int r = 0; r < ROUNDS; r++)
        kernel((double)0.5);
    return y[1] == (double)0.25;
}
