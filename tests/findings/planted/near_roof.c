/* Vectors that stay in the first cache: there is little to gain. */
enum { N = 1024, ROUNDS = 700000 };
static float x[N], y[N];

__attribute__((noinline)) static void kernel(float f)
{
    for (int i = 0; i < N; i++)
        y[i] += f * x[i];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)i;
    for (int r = 0; r < ROUNDS; r++)
        kernel(0.5f);
    return y[1] == 0.25f;
}
