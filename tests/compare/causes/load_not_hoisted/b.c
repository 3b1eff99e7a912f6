/* The scale lies in memory that the stores may change. */
enum { N = 4096, ROUNDS = 60000 };
static long x[N], y[N], factor[4] = {3, 5, 7, 11};

__attribute__((noinline)) void kernel(const long *from, long *to, const long *scale)
{
    for (int i = 0; i < N; i++)
        to[i] = from[i] * *scale + (*scale >> 1);
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i % 7;
    for (int r = 0; r < ROUNDS; r++)
        kernel(x, y, factor + r % 4);
    return y[1] == 4;
}
