/* A question in the loop whose answer is the same for all elements. */
enum { N = 4096, ROUNDS = 15000 };
static int x[N], y[N];

__attribute__((noinline)) void kernel(int mode)
{
    for (int i = 0; i < N; i++) {
        if (mode)
            y[i] = (y[i] ^ x[i]) * 3;
        else
            x[i] = y[i] / 3;
    }
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++)
        kernel(r & 1);
    return y[1] == 5;
}
