/* Remainders by a number that is known when the program runs. */
enum { N = 4096, ROUNDS = 12000 };
static unsigned x[N], y[N];

__attribute__((noinline)) static void kernel(unsigned divisor)
{
    for (int i = 0; i < N; i++)
        y[i] = x[i] % divisor;
}

int main(int argc, char **argv)
{
    (void)argv;
    for (int i = 0; i < N; i++)
        x[i] = (unsigned)i * 2654435761u;
    for (int r = 0; r < ROUNDS; r++)
        kernel(12 + (unsigned)argc);
    return y[1] == 30u + (unsigned)argc;
}
