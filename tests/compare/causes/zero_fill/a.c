/* Zeroes written by a loop. */
enum { N = 1 << 14, ROUNDS = 30000 };
long x[N];

__attribute__((noinline)) static void kernel(long *to, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = 0;
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++) {
        x[r % N] = r;
        kernel(x, N);
    }
    return x[1] == 7;
}
