/* The sum of an array: each addition waits for the one before it. */
enum { N = 4096, ROUNDS = 30000 };
static double x[N];

__attribute__((noinline)) static double kernel(void)
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += x[i];
    return sum;
}

int main(void)
{
    double total = 0;
    for (int i = 0; i < N; i++)
        x[i] = i % 5;
    for (int r = 0; r < ROUNDS; r++) {
        x[r % N] += 1;
        total += kernel();
    }
    return total == 3;
}
