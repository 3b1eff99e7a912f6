/* Each element is shifted by a number of its own: an instruction that SSE2 lacks. */
enum { N = 4096, ROUNDS = 20000 };
static unsigned x[N], by[N];

__attribute__((noinline)) void kernel(void)
{
    for (int i = 0; i < N; i++)
        x[i] = (x[i] << by[i]) ^ (x[i] >> (by[i] + 3));
}

int main(void)
{
    for (int i = 0; i < N; i++) {
        x[i] = (unsigned)i;
        by[i] = (unsigned)i % 7;
    }
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return x[1] == 5;
}
