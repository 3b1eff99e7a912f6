/*
 * hash_join: for each of n rows the row of a table of n whose key is the same, through a hash table
 * with open addressing and linear probing; its amount is added to that row's total.
 *
 *     slot(key) = key * 2654435769 mod 2^32, its top bits;  the next slot if that is taken
 *     match[i]  = the first row r with build[r] == probe[i], or -1
 *     total[r]  = sum of amount[i] over the i with match[i] == r
 *
 * Loop depth 2, and the inner loop is a search of a few steps whose end no branch predictor knows.
 * Every row costs two reads at addresses that depend on each other, the slot and the key it names:
 * beyond the cache it is their latency, and how many rows the core overlaps, that set the pace.
 */
#include "corr_harness.h"

enum { EMPTY = -1 };

static int32_t *build, *probe, *amount, *slots, *match, *total;

/* At least two slots a row: the table is never more than half full. */
static int slot_bits(int n)
{
    int bits = 1;
    while (((size_t)1 << bits) < 2 * (size_t)n)
        bits++;
    return bits;
}

/* The slot that holds a row with this key, or the empty one where it belongs. */
static uint32_t find(const int *build, const int *slots, int bits, int key)
{
    uint32_t last = (uint32_t)(((uint64_t)1 << bits) - 1);
    uint32_t slot = ((uint32_t)key * UINT32_C(2654435769)) >> (32 - bits);
    while (slots[slot] != EMPTY && build[slots[slot]] != key)
        slot = (slot + 1) & last;
    return slot;
}

static void kernel_hash_join(int n, int bits, const int *build, const int *probe,
                             const int *amount, int *slots, int *match, int *total)
{
    for (size_t slot = 0; slot < (size_t)1 << bits; slot++)
        slots[slot] = EMPTY;
    for (int row = 0; row < n; row++) {
        uint32_t slot = find(build, slots, bits, build[row]);
        if (slots[slot] == EMPTY)
            slots[slot] = row;
        total[row] = 0;
    }

    for (int i = 0; i < n; i++) {
        match[i] = slots[find(build, slots, bits, probe[i])];
        if (match[i] != EMPTY)
            total[match[i]] += amount[i];
    }
}

static void setup(int n)
{
    build = corr_i32("build", CORR_INPUT, (size_t)n);
    probe = corr_i32("probe", CORR_INPUT, (size_t)n);
    amount = corr_i32("amount", CORR_INPUT, (size_t)n);
    slots = corr_i32("slots", CORR_SCRATCH, (size_t)1 << slot_bits(n));
    match = corr_i32("match", CORR_OUTPUT, (size_t)n);
    total = corr_i32("total", CORR_OUTPUT, (size_t)n);
}

/* Keys below 2 n: two in five of the rows looked up are there, and some of the keys are double. */
static void init(int n)
{
    corr_fill_i32(build, (size_t)n, 0, 0, 2 * n);
    corr_fill_i32(probe, (size_t)n, 1, 0, 2 * n);
    corr_fill_i32(amount, (size_t)n, 2, 1, 100);
}

static void run(int n)
{
    kernel_hash_join(n, slot_bits(n), build, probe, amount, slots, match, total);
}

CORR_MAIN("hash_join", 100, 20000, 6000000, 20000000)
