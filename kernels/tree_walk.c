/*
 * tree_walk: a binary search tree in arrays, built by inserting n keys one after the other as they
 * come, then walked down once for each of n other keys.
 *
 *     left subtree < key of the node <= right subtree
 *     depth[node] = number of nodes above it
 *     floor[i]    = the largest key of the tree that is <= wanted[i], or -1
 *
 * Loop depth 2. Each step down is a read at an address that only the read before tells, to a side
 * that is a coin toss: a chain of cache misses, with nothing to vectorise and nothing to prefetch.
 * The tree is not balanced; keys in random order keep it below some 3 log2(n) levels.
 */
#include "corr_harness.h"

enum { NONE = -1 };

static int32_t *key, *wanted, *left, *right, *depth, *floor_of;

static void kernel_tree_walk(int n, const int *key, const int *wanted, int *left, int *right,
                             int *depth, int *floor_of)
{
    left[0] = NONE;
    right[0] = NONE;
    depth[0] = 0;
    for (int node = 1; node < n; node++) {
        int at = 0, above = 0, levels = 0;
        while (at != NONE) {
            above = at;
            at = key[node] < key[at] ? left[at] : right[at];
            levels++;
        }
        if (key[node] < key[above])
            left[above] = node;
        else
            right[above] = node;
        left[node] = NONE;
        right[node] = NONE;
        depth[node] = levels;
    }

    for (int i = 0; i < n; i++) {
        int best = NONE;
        int at = 0;
        while (at != NONE) {
            if (key[at] <= wanted[i]) {
                best = key[at];
                at = right[at];
            } else {
                at = left[at];
            }
        }
        floor_of[i] = best;
    }
}

static void setup(int n)
{
    key = corr_i32("key", CORR_INPUT, (size_t)n);
    wanted = corr_i32("wanted", CORR_INPUT, (size_t)n);
    left = corr_i32("left", CORR_SCRATCH, (size_t)n);
    right = corr_i32("right", CORR_SCRATCH, (size_t)n);
    depth = corr_i32("depth", CORR_OUTPUT, (size_t)n);
    floor_of = corr_i32("floor", CORR_OUTPUT, (size_t)n);
}

/* Keys below 2 n, so that some occur more than once. */
static void init(int n)
{
    corr_fill_i32(key, (size_t)n, 0, 0, 2 * n);
    corr_fill_i32(wanted, (size_t)n, 1, 0, 2 * n);
}

static void run(int n)
{
    kernel_tree_walk(n, key, wanted, left, right, depth, floor_of);
}

CORR_MAIN("tree_walk", 100, 20000, 400000, 1600000)
