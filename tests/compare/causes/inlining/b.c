/* A small function that must not be inlined. */
enum { N = 4096, ROUNDS = 15000 };
static int x[N], y[N];

__attribute__((noinline)) static int clamp(int value)
{
    return value < 3 ? 3 : value > 90 ? 90 : value;
}

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 0; i < N; i++)
        y[i] += clamp(x[i]);
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i % 101;
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return y[1] == 7;
}
