/* A polynomial of many terms, interleaved until no registers are left. */
enum { N = 4096, ROUNDS = 12000 };
float x[N], y[N];

__attribute__((noinline)) void kernel(void)
{
    #pragma clang loop vectorize_width(4) interleave_count(8)
    for (int i = 0; i < N; i++) {
        float v = x[i], w = y[i];
        float p = v * w + 1, q = v * v - w, r = w * w + v, s = v - w, t = v + w, u = p * q;
        y[i] = (p * r + q * s) * (t * u - v) + (p - t) * (q + u) * (r - s) + w * (p + q * r);
    }
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)(i % 7) * 0.1f;
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return y[1] == 0.25f;
}
