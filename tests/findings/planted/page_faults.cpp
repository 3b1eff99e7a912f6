// Buffers are asked of the system anew for every step, and given back.
#include <cstddef>

__attribute__((noinline)) double *filled(std::size_t n, double f)
{
    double *work = new double[n];
    for (std::size_t i = 0; i < n; i++)
        work[i] = f;
    return work;
}

__attribute__((noinline)) double step(std::size_t n, double f)
{
    double *a = filled(n, f), *b = filled(n, f), *c = filled(n, f), *d = filled(n, f);
    double found = a[n / 2] + b[n / 2] + c[n / 2] + d[n / 2];
    delete[] a;
    delete[] b;
    delete[] c;
    delete[] d;
    return found;
}

int main()
{
    double total = 0;
    for (int r = 0; r < 40; r++)
        total += step(1 << 18, r);
    return total == 3;
}
