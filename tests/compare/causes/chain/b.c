/* A product of all elements in four chains. */
enum { N = 4096, ROUNDS = 20000 };
static double x[N];

__attribute__((noinline)) static double kernel(void)
{
    double p = 1, q = 1, r = 1, s = 1;
    for (int i = 0; i < N; i += 4) {
        p *= x[i];
        q *= x[i + 1];
        r *= x[i + 2];
        s *= x[i + 3];
    }
    return p * q * r * s;
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
