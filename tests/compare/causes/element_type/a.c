/* The same arithmetic on float. */
enum { N = 2048, ROUNDS = 120000 };
static float x[N], y[N];

__attribute__((noinline)) static void kernel(float scale)
{
    for (int i = 0; i < N; i++)
        y[i] += scale * x[i];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)(i % 7);
    for (int r = 0; r < ROUNDS; r++)
        kernel((float)0.5);
    return y[1] == (float)0.25;
}
