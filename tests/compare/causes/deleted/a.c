/* A sum that somebody reads. */
enum { N = 1 << 20, ROUNDS = 100 };
static double x[N], result;

__attribute__((noinline)) static void kernel(void)
{
    __attribute__((unused)) double sum = 0;
    for (int i = 0; i < N; i++)
        sum += x[i];
    result += sum;
}

int main(void)
{
    for (int i = 0; i < N; i++)
        x[i] = i;
    for (int r = 0; r < ROUNDS; r++)
        kernel();
    return result == 3;
}
