/* What the loop stores to may be the number of its elements. */
enum { N = 4096, ROUNDS = 50000 };
int x[N], y[N];
int count = N;

__attribute__((noinline)) void kernel(int *to, const int *from, const int *n)
{
    const int last = *n;
    for (int i = 0; i < last; i++)
        to[i] = from[i] * 3 + 1;
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++)
        kernel(y, x, &count);
    return y[1] == 2;
}
