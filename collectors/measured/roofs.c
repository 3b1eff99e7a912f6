/*
 * How quick this machine is now: `roofs BYTES` prints "clock CYCLES_A_SECOND" and
 * "memory BYTES_A_SECOND", read by one core from an array of so many bytes. The best of several
 * trials counts, as other work on the machine can only make one slower. Takes a fifth of a second.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIALS = 8000, MEMORY_TRIALS = 10, ADDITIONS = 20000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/*
 * Additions that wait for each other take a cycle each, on every processor. Some microseconds a
 * trial: long enough for the clock, and short enough that some trials meet no other work, be it of
 * the other thread of the core, which a virtual machine does not see.
 */
static double clock_rate(void)
{
    double best = 0;
    uint64_t x = 1;
    for (int trial = 0; trial < TRIALS; trial++) {
        double start = now();
        for (long i = 0; i < ADDITIONS; i++) {
            x += 3;
            __asm__ volatile("" : "+r"(x));
        }
        double rate = ADDITIONS / (now() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

static double read_rate(const uint64_t *memory, size_t words)
{
    double best = 0;
    for (int trial = 0; trial < MEMORY_TRIALS; trial++) {
        uint64_t sum = 0;
        double start = now();
        for (size_t i = 0; i < words; i++)
            sum += memory[i];
        __asm__ volatile("" : "+r"(sum));
        double rate = (double)words * sizeof *memory / (now() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    double clock = clock_rate();
    size_t bytes = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t *memory = bytes ? malloc(bytes) : NULL;
    if (memory) {
        memset(memory, 1, bytes);
        printf("memory %.6g\n", read_rate(memory, bytes / sizeof *memory));
        double later = clock_rate();
        clock = later > clock ? later : clock;
    }
    printf("clock %.6g\n", clock);
    free(memory);
    return 0;
}
