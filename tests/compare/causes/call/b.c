/* The weight of each element is a function of another file. */
enum { N = 4096, ROUNDS = 20000 };
float weight(float value);
static float x[N], y[N];

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 0; i < N; i++)
        y[i] += weight(x[i]);
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)(i % 7);
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return y[1] == 0.25f;
}
