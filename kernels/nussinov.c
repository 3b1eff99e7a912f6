/*
 * nussinov: the largest number of base pairs in a folding of an RNA strand without crossings.
 *
 *     N[i][j] = max of  N[i+1][j],  N[i][j-1],
 *                       N[i+1][j-1] + 1  if i and j can pair and lie MIN_LOOP or more bases apart,
 *                       N[i][k] + N[k+1][j]  over i < k < j
 *
 * for i from the end of the strand to its start; N is 0 where j <= i. Integers, loop depth 3,
 * triangular in two indices. The inner loop is a maximum, which may be reordered and so vectorised;
 * but it goes along a row of N and down a column, whose elements are fetched one by one.
 */
#include "corr_harness.h"

enum { MIN_LOOP = 3 }; /* unpaired bases inside the tightest hairpin */

static int32_t *base, *N;

/* The bases A, C, G, U are 0, 1, 2, 3: the pairs A-U and C-G are the ones that add up to 3. */
static int can_pair(const int *base, int i, int j)
{
    return base[i] + base[j] == 3 && j - i > MIN_LOOP;
}

static int max(int a, int b)
{
    return a > b ? a : b;
}

static void kernel_nussinov(int n, const int base[n], int N[n][n])
{
    for (int i = n - 2; i >= 0; i--)
        for (int j = i + 1; j < n; j++) {
            int best = max(N[i + 1][j], N[i][j - 1]);
            if (can_pair(base, i, j))
                best = max(best, N[i + 1][j - 1] + 1);
            for (int k = i + 1; k < j; k++)
                best = max(best, N[i][k] + N[k + 1][j]);
            N[i][j] = best;
        }
}

static void setup(int n)
{
    base = corr_i32("base", CORR_INPUT, (size_t)n);
    N = corr_i32("N", CORR_OUTPUT, (size_t)n * n);
}

static void init(int n)
{
    corr_fill_i32(base, (size_t)n, 0, 0, 4);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t j = 0; j <= i; j++)
            N[i * n + j] = 0;
}

static void run(int n)
{
    kernel_nussinov(n, base, (int (*)[n])N);
}

CORR_MAIN("nussinov", 24, 200, 1200, 2400)
