/* A product of all elements in one chain. */
enum { N = 4096, ROUNDS = 20000 };
static double x[N];

__attribute__((noinline)) static double kernel(void)
{
    double p = 1;
    for (int i = 0; i < N; i += 4) {
        p *= x[i];
        p *= x[i + 1];
        p *= x[i + 2];
        p *= x[i + 3];
    }
    return p;
}

int main(void)
{
    double total = 0;
    for (int i = 0; i < N; i++)
        x[i] = 1.0 + 1e-6 * (i % 3);
    for (int r = 0; r < ROUNDS; r++) {
        x[r % N] += 1e-6;
        total += kernel();
    }
    return total == 3;
}
