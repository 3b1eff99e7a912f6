/* Arrays that no cache holds are read again and again, for one operation each time. */
enum { N = 1 << 22, ROUNDS = 40, BLOCK = 1024 };
static double x[N], y[N];

__attribute__((noinline)) static void kernel(int first, double f)
{
    for (int i = first; i < first + BLOCK; i++)
        y[i] += f * x[i];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i;
    for (int first = 0; first < N; first += BLOCK)
        for (int r = 0; r < ROUNDS; r++)
            kernel(first, r);
    return y[1] == 0.25;
}
