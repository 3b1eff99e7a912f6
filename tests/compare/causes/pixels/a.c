/* Four neighbours treated alike: work for the SLP vectoriser. */
enum { N = 4096, ROUNDS = 15000 };
static float x[4 * N], y[4 * N];

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 0; i < 4 * N; i += 4) {
        y[i] = y[i] * 0.5f + x[i];
        y[i + 1] = y[i + 1] * 0.25f + x[i + 1];
        y[i + 2] = y[i + 2] * 0.5f + x[i + 2];
        y[i + 3] = y[i + 3] * 0.75f + x[i + 3];
    }
}

int main(void)
{
    for (int i = 0; i < 4 * N; i++)
        x[i] = (float)(i % 7);
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return y[1] == 0.25f;
}
