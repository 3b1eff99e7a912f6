/* The sum of a matrix, along its rows. */
enum { N = 1500, ROUNDS = 60 };
static int m[N * N];

__attribute__((noinline)) static int kernel(void)
{
    int sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            sum += m[i * N + j];
    return sum;
}

int main(void)
{
    int total = 0;
    for (int i = 0; i < N * N; i++)
        m[i] = i % 3;
    for (int r = 0; r < ROUNDS; r++) {
        m[r] += r;
        total += kernel();
    }
    return total == 3;
}
