/*
 * histogram_sort: sorts n integers by a histogram of buckets, then by insertion in each bucket.
 *
 *     bucket(key) = floor(key * buckets / KEY_RANGE),  with about PER_BUCKET keys to a bucket
 *
 * Five loops one after the other, of depth 1 save the last, which is 3 deep. Nothing here is
 * regular: the histogram increments through an index just computed (two keys may hit the same
 * counter), the running sum depends on itself, the scatter writes all over memory, and the
 * insertion loop ends on a comparison of data that no branch predictor guesses.
 */
#include "corr_harness.h"

enum { KEY_RANGE = 1 << 30, PER_BUCKET = 64 };

static int32_t *key, *start, *sorted;

static int bucket_count(int n)
{
    return n / PER_BUCKET + 1;
}

static int bucket_of(int key, int buckets)
{
    return (int)((int64_t)key * buckets / KEY_RANGE);
}

/* On return bucket b is sorted[start[b]] .. sorted[start[b + 1] - 1]. */
static void kernel_histogram_sort(int n, int buckets, const int *key, int *start, int *sorted)
{
    for (int b = 0; b <= buckets; b++)
        start[b] = 0;
    for (int i = 0; i < n; i++)
        start[bucket_of(key[i], buckets)]++;

    /* Counts become the end of each bucket; the scatter, from the back, takes it to the start. */
    for (int b = 1; b <= buckets; b++)
        start[b] += start[b - 1];
    for (int i = n - 1; i >= 0; i--)
        sorted[--start[bucket_of(key[i], buckets)]] = key[i];

    for (int b = 0; b < buckets; b++)
        for (int i = start[b] + 1; i < start[b + 1]; i++) {
            int moving = sorted[i];
            int place = i;
            while (place > start[b] && sorted[place - 1] > moving) {
                sorted[place] = sorted[place - 1];
                place--;
            }
            sorted[place] = moving;
        }
}

static void setup(int n)
{
    key = corr_i32("key", CORR_INPUT, (size_t)n);
    start = corr_i32("start", CORR_OUTPUT, (size_t)bucket_count(n) + 1);
    sorted = corr_i32("sorted", CORR_OUTPUT, (size_t)n);
}

static void init(int n)
{
    corr_fill_i32(key, (size_t)n, 0, 0, KEY_RANGE);
}

static void run(int n)
{
    kernel_histogram_sort(n, bucket_count(n), key, start, sorted);
}

CORR_MAIN("histogram_sort", 500, 50000, 10000000, 40000000)
