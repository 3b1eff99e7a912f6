/* A sum of all elements before the first negative one, of which there is none. */
enum { N = 4096, ROUNDS = 80000 };
static int x[N];

__attribute__((noinline)) static int kernel(void)
{
    int sum = 0;
    for (int i = 0; i < N; i++) {
        if (x[i] < 0)
            break;
        sum += x[i];
    }
    return sum;
}

int main(void)
{
    int total = 0;
    for (int i = 0; i < N; i++)
        x[i] = i % 5;
    for (int r = 0; r < ROUNDS; r++) {
        x[r % N] += 1;
        total += kernel();
    }
    return total == 3;
}
