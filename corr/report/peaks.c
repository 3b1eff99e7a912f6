/*
 * What one core of this machine can do at best: floating-point operations a second and bytes read
 * a second from each level of the memory. The roofs of a roofline.
 *
 *     peaks L1_BYTES L2_BYTES ... MEMORY_BYTES
 *
 * Prints a line "name value unit" for each: `fma_f64`, `fma_f32` (independent fused multiply-adds
 * in the widest vectors), `scalar_f64` (independent scalar additions and multiplications), and
 * `read_N` for the N-th size given. The best of several trials counts: other work on the machine
 * can only make one slower. Build it with -O3 -march=native -ffp-contract=fast.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__AVX512F__)
#define WIDTH 64
#elif defined(__AVX__)
#define WIDTH 32
#else
#define WIDTH 16
#endif
#define CHAINS 12 /* independent chains, enough to hide a latency of 4 at 2 a cycle, with a rest */
#define TRIALS 5
#define LEAST_SECONDS 0.012

typedef double f64v __attribute__((vector_size(WIDTH)));
typedef float f32v __attribute__((vector_size(WIDTH)));
typedef uint64_t u64v __attribute__((vector_size(WIDTH)));

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The chains are kept apart and alive by an empty asm on each of them. */
#if defined(__x86_64__)
#define KEEP(x) __asm__ volatile("" : "+x"(x))
#elif defined(__aarch64__)
#define KEEP(x) __asm__ volatile("" : "+w"(x))
#else
#define KEEP(x) __asm__ volatile("" : "+m"(x))
#endif

#define CHAIN_LOOP(name, type)                                     \
    static void name(long passes)                                  \
    {                                                              \
        type a[CHAINS], m = (type){0} + 0.5f, c = (type){0} + 1.0f; \
        for (int i = 0; i < CHAINS; i++)                           \
            a[i] = c * (float)(i + 1);                             \
        for (long p = 0; p < passes; p++)                          \
            for (int i = 0; i < CHAINS; i++) {                     \
                a[i] = a[i] * m + c;                               \
                KEEP(a[i]);                                        \
            }                                                      \
    }
CHAIN_LOOP(fma_f64, f64v)
CHAIN_LOOP(fma_f32, f32v)

static void scalar_f64(long passes)
{
    double a[CHAINS], m = 0.999999, c = 1.0;
    for (int i = 0; i < CHAINS; i++)
        a[i] = i + 1;
    for (long p = 0; p < passes; p++)
        for (int i = 0; i < CHAINS; i++) {
            a[i] = (i & 1) ? a[i] * m : a[i] + c;
            KEEP(a[i]);
        }
}

static u64v *memory;
static size_t vectors;

static void read_memory(long passes)
{
    for (long p = 0; p < passes; p++)
        for (size_t i = 0; i + 8 <= vectors; i += 8)
            for (int k = 0; k < 8; k++) {
                u64v value = memory[i + k];
                KEEP(value);
            }
}

/* Passes a second, the best of the trials. */
static double rate(void (*work)(long))
{
    long passes = 1;
    double seconds, best = 0;
    for (;; passes *= 2) {
        double start = now();
        work(passes);
        seconds = now() - start;
        if (seconds >= LEAST_SECONDS || passes > (1L << 40))
            break;
    }
    for (int trial = 0; trial < TRIALS; trial++) {
        double start = now();
        work(passes);
        seconds = now() - start;
        if (passes / seconds > best)
            best = passes / seconds;
    }
    return best;
}

int main(int argc, char **argv)
{
    printf("fma_f64 %.6g flop/s\n", rate(fma_f64) * CHAINS * 2 * (WIDTH / sizeof(double)));
    printf("fma_f32 %.6g flop/s\n", rate(fma_f32) * CHAINS * 2 * (WIDTH / sizeof(float)));
    printf("scalar_f64 %.6g flop/s\n", rate(scalar_f64) * CHAINS);
    for (int i = 1; i < argc; i++) {
        size_t bytes = strtoull(argv[i], NULL, 10) / (8 * WIDTH) * (8 * WIDTH);
        if (bytes == 0 || posix_memalign((void **)&memory, 4096, bytes))
            continue;
        memset(memory, 1, bytes);
        vectors = bytes / WIDTH;
        printf("read_%d %.6g B/s\n", i, rate(read_memory) * (double)bytes);
        free(memory);
    }
    return 0;
}
