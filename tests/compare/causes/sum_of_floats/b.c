/* A sum of float: its order matters. */
enum { N = 4096, ROUNDS = 40000 };
static float x[N];

__attribute__((noinline)) static float kernel(const float *values)
{
    float sum = 0;
    for (int i = 0; i < N; i++)
        sum += values[i];
    return sum;
}

int main(void)
{
    float total = 0;
    for (int i = 0; i < N; i++)
        x[i] = (float)(i % 5);
    for (int r = 0; r < ROUNDS; r++) {
        x[r % N] += 1;
        total += kernel(x);
    }
    return total == 3;
}
