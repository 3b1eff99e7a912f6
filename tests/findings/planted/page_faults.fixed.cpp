// Buffers that are kept.
#include <cstddef>

__attribute__((noinline)) void fill(double *work, std::size_t n, double f)
{
    for (std::size_t i = 0; i < n; i++)
        work[i] = f;
}

__attribute__((noinline)) double step(double *const *work, std::size_t n, double f)
{
    for (int k = 0; k < 4; k++)
        fill(work[k], n, f);
    return work[0][n / 2] + work[1][n / 2] + work[2][n / 2] + work[3][n / 2];
}

int main()
{
    const std::size_t n = 1 << 18;
    double *work[] = {new double[n], new double[n], new double[n], new double[n]};
    double total = 0;
    for (int r = 0; r < 40; r++)
        total += step(work, n, r);
    return total == 3;
}
