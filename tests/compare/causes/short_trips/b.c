/* Very short rows, whose pointers must be compared each time. */
enum { N = 24, ROUNDS = 15000000 };
int x[N], y[N], z[N];

__attribute__((noinline)) void kernel(int *to, const int *from, const int *more, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = from[i] + more[i];
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++)
        kernel(x, y, z, N);
    return x[1] == 3;
}
