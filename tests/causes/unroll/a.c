/* A chain of cheap operations, one a pass. */
enum { N = 4096, ROUNDS = 80000 };
static unsigned x[N];

__attribute__((noinline)) static unsigned kernel(unsigned hash)
{
    #pragma clang loop unroll(disable)
    for (int i = 0; i < N; i++)
        hash = (hash ^ x[i]) * 3;
    return hash;
}

int main(void)
{
    unsigned total = 0;
    for (int r = 0; r < ROUNDS; r++)
        total += kernel(total);
    return total == 3;
}
