/* Wide vectors over data that begins at a cache line. */
enum { N = 2048, ROUNDS = 500000 };
static _Alignas(64) int buffer[2 * N + 1024];

__attribute__((noinline)) void kernel(const int *from, int *to)
{
    for (int i = 0; i < N; i++)
        to[i] += from[i];
}

int main(void)
{
    int *start = buffer + 0;
    for (int r = 0; r < ROUNDS; r++)
        kernel(start, start + N + 512);
    return buffer[1] == 7;
}
