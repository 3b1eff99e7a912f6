/* How many random numbers are large, by their place: a jump that nobody can predict. */
enum { N = 1 << 20, ROUNDS = 20 };
static int x[N], count[8];

__attribute__((noinline)) static void kernel(int border)
{
    for (int i = 0; i < N; i++)
        if (x[i] > border)
            count[i & 7]++;
}

int main(void)
{
    unsigned random = 1;
    for (int i = 0; i < N; i++) {
        random = random * 1664525u + 1013904223u;
        x[i] = (int)((random ^ random >> 15) * 2246822519u >> 8);
    }
    for (int r = 0; r < ROUNDS; r++)
        kernel(1 << 23);
    return count[1] == 3;
}
