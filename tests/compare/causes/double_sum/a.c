/* A sum of doubles: in the order of the source, unless the flags let it be another. */
enum { N = 4096, ROUNDS = 30000 };
static double x[N];

__attribute__((noinline)) static double kernel(const double *values)
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += values[i];
    return sum;
}

int main(void)
{
    double total = 0;
    for (int i = 0; i < N; i++)
        x[i] = i % 5;
    for (int r = 0; r < ROUNDS; r++) {
        x[r % N] += 1;
        total += kernel(x);
    }
    return total == 0.5;
}
