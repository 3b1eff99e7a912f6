/* A counter that may stay in a register. */
enum { N = 4096, ROUNDS = 12000 };
static int x[N];
static int count;

__attribute__((noinline)) static void kernel(int border)
{
    for (int i = 0; i < N; i++)
        count = count + (x[i] > border);
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i % 5;
    for (int r = 0; r < ROUNDS; r++)
        kernel(1);
    return count == 3;
}
