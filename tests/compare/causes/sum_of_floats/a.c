/* A sum of int: any order gives the same. */
enum { N = 4096, ROUNDS = 40000 };
static int x[N];

__attribute__((noinline)) static int kernel(const int *values)
{
    int sum = 0;
    for (int i = 0; i < N; i++)
        sum += values[i];
    return sum;
}

int main(void)
{
    int total = 0;
    for (int i = 0; i < N; i++)
        x[i] = (int)(i % 5);
    for (int r = 0; r < ROUNDS; r++) {
        x[r % N] += 1;
        total += kernel(x);
    }
    return total == 3;
}
