/* Values that have faded below the smallest normal number are scaled. */
enum { N = 1024, ROUNDS = 200000 };
double faded[N], out[N];

__attribute__((noinline)) static void kernel(double by)
{
    for (int i = 0; i < N; i++)
        out[i] = faded[i] / by;
}

int main(void)
{
    for (int i = 0; i < N; i++)
        faded[i] = 1e-310 * (1 + 0.001 * i);
    for (int r = 0; r < ROUNDS; r++)
        kernel(0.7);
    return out[1] == 0.25;
}
