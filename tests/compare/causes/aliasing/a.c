/* Elements in the order of an index, stored where they cannot overlap what is read. */
enum { N = 4096, ROUNDS = 8000 };
float x[N], y[N];
int order[N];

__attribute__((noinline)) void kernel(const float *from, const int *index, float *restrict to)
{
    for (int i = 0; i < N; i++) {
        float v = from[index[i]];
        to[i] = v / (v * v + 1.0f) + v / (v + 2.0f);
    }
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[order[i] = (i * 37) % N] = (float)i;
    for (int r = 0; r < ROUNDS; r++)
        kernel(x, order, y);
    return y[1] == 0.25f;
}
