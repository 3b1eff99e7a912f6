/*
 * floyd_warshall: lengths of the shortest paths between all pairs of n nodes, in integers.
 *
 *     d[i][j] = min(d[i][j], d[i][k] + d[k][j])      for each k in turn
 *
 * Loop depth 3. The condition becomes a minimum, which vectorises; but row k of the array that is
 * read is row i of the one that is written when i = k, so the compiler needs a run-time check (or
 * the insight that row k does not change in step k).
 */
#include "corr_harness.h"

enum { NO_EDGE = 1 << 29 }; /* twice this still fits in an int */

static int32_t *d;

static void kernel_floyd_warshall(int n, int d[n][n])
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                if (d[i][k] + d[k][j] < d[i][j])
                    d[i][j] = d[i][k] + d[k][j];
}

static void setup(int n)
{
    d = corr_i32("d", CORR_OUTPUT, (size_t)n * n);
}

/* Weights 1..1000 on about a quarter of the edges, the others absent; 0 from a node to itself. */
static void init(int n)
{
    size_t count = (size_t)n * n;
    corr_fill_i32(d, count, 0, 1, 4000);
    for (size_t i = 0; i < count; i++)
        if (d[i] > 1000)
            d[i] = NO_EDGE;
    for (size_t i = 0; i < (size_t)n; i++)
        d[i * n + i] = 0;
}

static void run(int n)
{
    kernel_floyd_warshall(n, (int (*)[n])d);
}

CORR_MAIN("floyd_warshall", 20, 128, 800, 1600)
