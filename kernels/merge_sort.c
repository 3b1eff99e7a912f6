/*
 * merge_sort: the stable order of n integers, by merging runs of 1, 2, 4, ... from the bottom up;
 * afterwards key[order[0]] <= key[order[1]] <= ..., and equal keys stay in the order they came in.
 *
 *     merge: take the smaller of the two heads, the left one if they are equal
 *
 * Loop depth 3. Which head is taken is a coin toss, so that a branch is mispredicted every other
 * time and a conditional move is the better code; where each run goes on depends on that choice.
 * The keys are read through order, all over memory once the runs are long.
 */
#include "corr_harness.h"

static int32_t *key, *order, *spare;

static void merge(const int *key, const int *from, int *to, int low, int middle, int high)
{
    int left = low, right = middle;
    for (int place = low; place < high; place++) {
        int take_left = left < middle
                        && (right >= high || key[from[left]] <= key[from[right]]);
        to[place] = take_left ? from[left++] : from[right++];
    }
}

static int end_of_run(int start, int length, int n)
{
    return n - start < length ? n : start + length;
}

static void kernel_merge_sort(int n, const int *key, int *order, int *spare)
{
    for (int i = 0; i < n; i++)
        order[i] = i;

    for (int length = 1; length < n; length = end_of_run(length, length, n)) {
        int low = 0;
        while (low < n) {
            int middle = end_of_run(low, length, n);
            int high = end_of_run(middle, length, n);
            merge(key, order, spare, low, middle, high);
            low = high;
        }
        for (int i = 0; i < n; i++)
            order[i] = spare[i];
    }
}

static void setup(int n)
{
    key = corr_i32("key", CORR_INPUT, (size_t)n);
    order = corr_i32("order", CORR_OUTPUT, (size_t)n);
    spare = corr_i32("spare", CORR_SCRATCH, (size_t)n);
}

/* Keys below n, so that many occur more than once. */
static void init(int n)
{
    corr_fill_i32(key, (size_t)n, 0, 0, n);
}

static void run(int n)
{
    kernel_merge_sort(n, key, order, spare);
}

CORR_MAIN("merge_sort", 100, 20000, 2000000, 8000000)
