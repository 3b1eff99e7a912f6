/* Every element is divided by the same number. */
enum { N = 4096, ROUNDS = 30000 };
static double x[N], y[N];

__attribute__((noinline)) static void kernel(double divisor)
{
    for (int i = 0; i < N; i++)
        y[i] = x[i] / divisor;
}

int main(int argc, char **argv)
{
    (void)argv;
    for (int i = 0; i < N; i++)
        x[i] = i;
    for (int r = 0; r < ROUNDS; r++)
        kernel(1.0 + argc);
    return y[1] == 0.25;
}
