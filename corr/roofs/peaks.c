/*
 * What one core of this machine can do at best: operations a second and bytes read a second from
 * each level of the memory. The roofs of a roofline.
 *
 *     peaks L1_BYTES L2_BYTES ... MEMORY_BYTES
 *
 * Prints a line "name value unit" for each. In the widest vectors, of independent chains, for `f64`
 * and `f32`: `fma` (fused multiply-adds, two operations each), `add`, `mul`, `both` (additions and
 * multiplications in turn, not fused), `div`; `add_i32`; `scalar_f64` (scalar additions and
 * multiplications in turn). `read_N` is for the N-th size given. The best of many short trials
 * counts: other work on the machine can only make one slower, and misses some of them. Build it with
 * -O3 -march=native -ffp-contract=fast.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__AVX512F__)
#define WIDTH 64
#define CHAINS 24 /* independent ones, enough to hide a latency of 4 at 2 a cycle, with a rest */
#elif defined(__AVX__)
#define WIDTH 32
#else
#define WIDTH 16
#endif
#ifndef CHAINS
#define CHAINS 12 /* as many as there are registers for */
#endif
#define LEAST_TRIALS 5
#define TRIAL_SECONDS 50e-6 /* short enough that some meet no other work, long for the clock */
#define ALL_SECONDS 0.015

typedef double f64v __attribute__((vector_size(WIDTH)));
typedef float f32v __attribute__((vector_size(WIDTH)));
typedef int32_t i32v __attribute__((vector_size(WIDTH)));
typedef uint64_t u64v __attribute__((vector_size(WIDTH)));

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The chains are kept apart and alive by an empty asm on each of them. */
#if defined(__AVX512F__)
#define KEEP(x) __asm__ volatile("" : "+v"(x))
#elif defined(__x86_64__)
#define KEEP(x) __asm__ volatile("" : "+x"(x))
#elif defined(__aarch64__)
#define KEEP(x) __asm__ volatile("" : "+w"(x))
#else
#define KEEP(x) __asm__ volatile("" : "+m"(x))
#endif

/* Chains in which `even` and `odd` are done in turn; the compiler does not know the factors. */
#define CHAIN_LOOP(name, type, even, odd)                          \
    static void name(long passes)                                  \
    {                                                              \
        type a[CHAINS], m = (type){0} + 1, c = (type){0} + 1;      \
        KEEP(m);                                                   \
        KEEP(c);                                                   \
        for (int i = 0; i < CHAINS; i++)                           \
            a[i] = c;                                              \
        for (long p = 0; p < passes; p++) {                        \
            _Pragma("clang loop unroll(full)")                     \
            for (int i = 0; i < CHAINS; i++) {                     \
                a[i] = (i & 1) ? (odd) : (even);                   \
                KEEP(a[i]);                                        \
            }                                                      \
        }                                                          \
    }
#define ADD a[i] + c
#define MUL a[i] * m
#define FMA a[i] * m + c
#define DIV a[i] / m
CHAIN_LOOP(fma_f64, f64v, FMA, FMA)
CHAIN_LOOP(add_f64, f64v, ADD, ADD)
CHAIN_LOOP(mul_f64, f64v, MUL, MUL)
CHAIN_LOOP(both_f64, f64v, ADD, MUL)
CHAIN_LOOP(div_f64, f64v, DIV, DIV)
CHAIN_LOOP(fma_f32, f32v, FMA, FMA)
CHAIN_LOOP(add_f32, f32v, ADD, ADD)
CHAIN_LOOP(mul_f32, f32v, MUL, MUL)
CHAIN_LOOP(both_f32, f32v, ADD, MUL)
CHAIN_LOOP(div_f32, f32v, DIV, DIV)
CHAIN_LOOP(add_i32, i32v, ADD, ADD)

static void scalar_f64(long passes)
{
    double a[CHAINS], m = 1, c = 1;
    KEEP(m);
    KEEP(c);
    for (int i = 0; i < CHAINS; i++)
        a[i] = i + 1;
    for (long p = 0; p < passes; p++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) {
            a[i] = (i & 1) ? a[i] * m : a[i] + c;
            KEEP(a[i]);
        }
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
    double seconds, best = 0, spent = 0;
    for (;; passes *= 2) {
        double start = now();
        work(passes);
        seconds = now() - start;
        if (seconds >= TRIAL_SECONDS || passes > (1L << 40))
            break;
    }
    for (int trial = 0; trial < LEAST_TRIALS || spent < ALL_SECONDS; trial++) {
        double start = now();
        work(passes);
        seconds = now() - start;
        spent += seconds;
        if (passes / seconds > best)
            best = passes / seconds;
    }
    return best;
}

static const struct {
    const char *name;
    void (*work)(long);
    double operations; /* of one instruction */
} computed[] = {
#define F64(name, each) {#name "_f64", name##_f64, each * (WIDTH / sizeof(double))}
#define F32(name, each) {#name "_f32", name##_f32, each * (WIDTH / sizeof(float))}
    F64(fma, 2), F64(add, 1), F64(mul, 1), F64(both, 1), F64(div, 1),
    F32(fma, 2), F32(add, 1), F32(mul, 1), F32(both, 1), F32(div, 1),
    {"add_i32", add_i32, WIDTH / sizeof(int32_t)},
    {"scalar_f64", scalar_f64, 1},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof computed / sizeof *computed; i++)
        printf("%s %.6g op/s\n", computed[i].name,
               rate(computed[i].work) * CHAINS * computed[i].operations);
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
