/* Rows of a table are looked up anywhere in it: each is waited for. */
#include <stdint.h>
#include <stdlib.h>
enum { ROWS = 1 << 20, WIDE = 32, LOOKUPS = 6000000 };

__attribute__((noinline)) double sums(const double *table, const double *factors, int n)
{
    uint64_t seed = 1;
    double found = 0;
    for (int k = 0; k < LOOKUPS; k++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const double *row = table + (seed >> 44) * WIDE;
        for (int i = 0; i < n; i++)
            found += row[i] * factors[i];
    }
    return found;
}

int main(int argc, char **argv)
{
    double *table = calloc((size_t)ROWS * WIDE, sizeof *table);
    double factors[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (long i = 0; i < (long)ROWS * WIDE; i += 8)
        table[i] = 1e-6 * (i % 7);
    return sums(table, factors, argc > 9 ? 1 : 6) < 0 || argv == 0;
}
