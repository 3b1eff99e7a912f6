/* One cheap operation for each element, eight elements a pass. */
enum { N = 4096, ROUNDS = 40000 };
static int x[N], y[N];

__attribute__((noinline)) void kernel(int mask)
{
    #pragma clang loop unroll_count(8)
    for (int i = 0; i < N; i++)
        y[i] = x[i] ^ mask;
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i;
    for (int r = 0; r < ROUNDS; r++)
        kernel(r);
    return y[1] == 3;
}
