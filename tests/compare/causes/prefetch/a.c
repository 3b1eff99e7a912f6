/* Random places of a large table. */
enum { N = 1 << 24, STEPS = 2000000, AHEAD = 16 };
int table[N], order[STEPS + AHEAD];

__attribute__((noinline)) static int kernel(void)
{
    int found = 0;
    for (int i = 0; i < STEPS; i++) {

        found = (found ^ table[order[i] + (found & 1)]) + 1;
    }
    return found;
}

int main(void)
{
    unsigned random = 1;
    for (int i = 0; i < STEPS + AHEAD; i++) {
        random = random * 1664525u + 1013904223u;
        order[i] = (int)(random >> 8) % (N - 1);
    }
    return kernel() == 3;
}
