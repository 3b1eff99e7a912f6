/* A recurrence whose step is a multiplication and an addition. */
enum { N = 4096, ROUNDS = 15000 };
static double x[N];

__attribute__((noinline)) static double kernel(double at)
{
    double value = 0;
    for (int i = 0; i < N; i++)
        value = value * at + x[i];
    return value;
}

int main(void)
{
    double total = 0;
    for (int i = 0; i < N; i++)
        x[i] = i % 3;
    for (int r = 0; r < ROUNDS; r++)
        total += kernel(0.5 + 1e-9 * r);
    return total == 3;
}
