/* A vector is updated in place by a function that could write it anywhere. */
enum { N = 3000, ROUNDS = 60000 };
double x[N], y[N];

__attribute__((noinline)) void update(double *to, const double *a, double factor, const double *b)
{
    for (int i = 0; i < N; i++)
        to[i] = a[i] + factor * b[i];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        y[i] = i * 1e-9;
    for (int r = 0; r < ROUNDS; r++)
        update(x, x, 0.5, y);
    return x[1] < 0;
}
