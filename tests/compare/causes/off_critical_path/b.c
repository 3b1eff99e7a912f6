/* A walk along a chain of pointers, counting on the way. */
enum { N = 1 << 16, STEPS = 8000000 };
static unsigned next[N], odd;

__attribute__((noinline)) static unsigned kernel(unsigned at)
{
    unsigned steps = 0;
    for (int i = 0; i < STEPS; i++) {
        at = next[at];
        steps += at & 1;
    }
    odd += steps;
    return at;
}

int main(void)
{
    for (unsigned i = 0; i < N; i++)
        next[i] = (i * 40503u + 12345u) % N;
    return kernel(0) + kernel(7) == odd;
}
