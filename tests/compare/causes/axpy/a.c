/* Independent elements, two of them to a multiplication: whatever the flags allow. */
enum { N = 4096, ROUNDS = 60000 };
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
        kernel(0.5f);
    return y[1] == 0.25f;
}
