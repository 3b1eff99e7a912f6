/* Independent elements. */
enum { N = 4096, ROUNDS = 80000 };
static int x[N], y[N];

__attribute__((noinline)) static void kernel(void)
{

    for (int i = 0; i < N; i++)
        y[i] += x[i] * 3;
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i % 7;
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return y[1] == 5;
}
