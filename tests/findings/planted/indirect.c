/* A sum of elements in a random order. */
enum { N = 1 << 22, ROUNDS = 12 };
static int x[N], order[N];

__attribute__((noinline)) static int kernel(void)
{
    int sum = 0;
    for (int i = 0; i < N; i++)
        sum += x[order[i]];
    return sum;
}

int main(void)
{
    int total = 0;
    for (int i = 0; i < N; i++) {
        x[i] = i % 5;
        order[i] = (int)((unsigned)i * 2654435761u % N);
    }
    for (int r = 0; r < ROUNDS; r++) {
        x[r] += r;
        total += kernel();
    }
    return total == 3;
}
