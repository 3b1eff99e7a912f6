/* The place of the first negative element, of which there is none. */
enum { N = 4096, ROUNDS = 50000 };
static int x[N];

__attribute__((noinline)) static int kernel(const int *p, int n)
{
    for (int i = 0; i < n; i++)
        if (p[i] < 0)
            return i;
    return n;
}

int main(int argc, char **argv)
{
    (void)argv;
    int total = 0;
    for (int i = 0; i < N; i++)
        x[i] = i % 5;
    for (int r = 0; r < ROUNDS; r++) {
        x[r % N] += 1;
        total += kernel(x, N - argc);
    }
    return total == 3;
}
