/* A histogram of its own. */
enum { N = 4096, ROUNDS = 12000 };
static int x[N], count[16];

__attribute__((noinline)) static void kernel(void)
{
    for (int i = 0; i < N; i++)
        count[x[i]]++;
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = (i * 7) % 16;
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return count[1] == 3;
}
