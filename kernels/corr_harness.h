/*
 * corr_harness.h: what every sample kernel shares, in one header for C99 and C++.
 *
 * A kernel file holds static array pointers, four small functions and one line of main:
 *
 *     static void kernel_NAME(int n, ...)  the textbook loops
 *     static void setup(int n)             allocates the arrays: corr_f64, corr_i32
 *     static void init(int n)              fills them: corr_fill_real, corr_fill_f64, corr_fill_i32
 *     static void run(int n)               calls the kernel; this call alone is timed
 *     CORR_MAIN("NAME", mini, small, medium, large)
 *
 * The program so made takes (the option first, else the environment, else the default):
 *
 *     --size N|mini|small|medium|large  CORR_SIZE    problem size         default medium
 *     --seed K                          CORR_SEED    seed of the inputs   default 1
 *     --repeat R                        CORR_REPEAT  repetitions          default 1
 *     --scale S                         CORR_SCALE   reals in (-S, S)     default: in [0, 1)
 *     --dump FILE  ("-": stdout)        CORR_DUMP    write the output arrays
 *     --digest                          CORR_DIGEST=1  print a digest of each output array
 *                                       CORR_TIMES=FILE  append the kernel times
 *     --help                            print the usage
 *
 * Dump:    for each output array the line "name dtype count\n", dtype as numpy spells it
 *          (<f8 or <i4), then count raw little-endian elements.
 * Digest:  for each output array the line "name digest sum\n": the 64-bit FNV-1a digest of its
 *          bytes as 16 hexadecimal digits, the sum of its elements as %.17g.
 * Times:   for each repetition the line "kernel_seconds 0.123456789\n", appended to the file
 *          CORR_TIMES names; without it, one summary line on stderr.
 * Repeat:  each repetition has inputs of its own: the first those of the seed K, any other, r, those
 *          of mix(K + r * G), see below. Dump and digest are of the last one. Of several they also
 *          hold "repetitions.digests", two <i4 for each that make a digest of all output arrays,
 *          and "repetitions.sums", for each output array the sum of magnitudes in each repetition.
 * Exit:    0; 1 for no memory or an unwritable file; 2 for bad arguments.
 *
 * Inputs come from splitmix64, used as a function of (seed, stream, index) and not as a sequence,
 * so that any element can be computed alone and numpy does a whole array at once. Modulo 2^64:
 *
 *     mix(z):  z ^= z >> 30;  z *= 0xBF58476D1CE4E5B9
 *              z ^= z >> 27;  z *= 0x94D049BB133111EB
 *              z ^= z >> 31
 *     G      = 0x9E3779B97F4A7C15
 *     random(seed, stream, i) = mix(mix(seed + stream * G) + (i + 1) * G)
 *
 *     f64 element i = low + span * (random >> 11) * 2^-53     in [low, low + span)
 *     i32 element i = low + random mod span                   in [low, low + span)
 *
 * corr_fill_real is for numbers that may be of any sign and size, up to a largest magnitude: it gives
 * those of low 0 and span 1, or with a scale S, of low -s and span 2 s, s the smaller of S and that
 * magnitude. corr_fill_f64 keeps to its range whatever the scale.
 *
 * Each array uses a stream of its own. A span that is a power of two makes the product exact, hence
 * the inputs the same bits whether or not the compiler fuses the multiplication with the addition.
 */
#ifndef CORR_HARNESS_H
#define CORR_HARNESS_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* clock_gettime and posix_memalign under -std=c99 */
#endif

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the dump format is little-endian, and the arrays are written as they lie in memory"
#endif

#define CORR_ALIGNMENT 64
#define CORR_MAX_ARRAYS 16
#define CORR_RECORDS 2 /* arrays of the harness itself */
#define CORR_MAX_SIZE 1000000000 /* keeps the bytes of an n x n array of doubles within 64 bits */
#define CORR_MAX_REPEAT 1000000

typedef enum { CORR_F64, CORR_I32 } corr_type;
typedef enum { CORR_INPUT, CORR_SCRATCH, CORR_OUTPUT, CORR_RECORD } corr_role;

typedef struct {
    const char *name;
    corr_type type;
    corr_role role;
    size_t count;
    void *data;
} corr_array;

enum { CORR_SIZES = 4 };
static const char *const corr_size_name[CORR_SIZES] = {"mini", "small", "medium", "large"};

typedef struct {
    const char *name;
    int size[CORR_SIZES];
    void (*setup)(int n);
    void (*init)(int n);
    void (*run)(int n);
} corr_kernel;

typedef struct {
    int size, repeat, digest;
    const char *dump, *times;
} corr_options;

static struct {
    const char *program;
    uint64_t seed;
    double scale; /* 0: none is given */
    int arrays;
    corr_array array[CORR_MAX_ARRAYS + CORR_RECORDS];
} corr;

#define CORR_MAIN(name, mini, small, medium, large)                                               \
    int main(int argc, char **argv)                                                               \
    {                                                                                             \
        static const corr_kernel kernel = {                                                       \
            name, {mini, small, medium, large}, setup, init, run};                                \
        return corr_main(argc, argv, &kernel);                                                    \
    }

static inline void corr_die(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", corr.program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(status);
}

/* ---- Arrays ------------------------------------------------------------------------------- */

static inline size_t corr_width(corr_type type)
{
    return type == CORR_F64 ? sizeof(double) : sizeof(int32_t);
}

/* Makes known an array that the kernel file owns; it must stay where it is. */
static inline void corr_register(const char *name, corr_type type, corr_role role, size_t count,
                                 void *data)
{
    corr_array array = {name, type, role, count, data};
    if (corr.arrays == CORR_MAX_ARRAYS && role != CORR_RECORD)
        corr_die(1, "more than %d arrays", CORR_MAX_ARRAYS);
    corr.array[corr.arrays++] = array;
}

static inline void *corr_allocate(const char *name, corr_type type, corr_role role, size_t count)
{
    void *data = NULL;
    if (posix_memalign(&data, CORR_ALIGNMENT, count * corr_width(type)) != 0)
        corr_die(1, "out of memory for %s (%zu elements)", name, count);
    corr_register(name, type, role, count, data);
    return data;
}

static inline double *corr_f64(const char *name, corr_role role, size_t count)
{
    return (double *)corr_allocate(name, CORR_F64, role, count);
}

static inline int32_t *corr_i32(const char *name, corr_role role, size_t count)
{
    return (int32_t *)corr_allocate(name, CORR_I32, role, count);
}

/* Work that is skipped shows: what nobody writes again stays NaN or 0x55555555. */
static inline void corr_poison(void)
{
    for (int a = 0; a < corr.arrays; a++) {
        const corr_array *array = &corr.array[a];
        if (array->role == CORR_RECORD)
            continue;
        if (array->type == CORR_F64)
            for (size_t i = 0; i < array->count; i++)
                ((double *)array->data)[i] = NAN;
        else
            memset(array->data, 0x55, array->count * sizeof(int32_t));
    }
}

/* Tells the compiler that somebody reads and may change every array here. */
static inline void corr_touch(void)
{
    for (int a = 0; a < corr.arrays; a++)
        __asm__ volatile("" : : "r"(corr.array[a].data) : "memory");
}

/* ---- Inputs ------------------------------------------------------------------------------- */

static inline uint64_t corr_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

#define CORR_GOLDEN UINT64_C(0x9E3779B97F4A7C15)

static inline uint64_t corr_random(uint64_t stream, uint64_t i)
{
    return corr_mix(corr_mix(corr.seed + stream * CORR_GOLDEN) + (i + 1) * CORR_GOLDEN);
}

static inline void corr_fill_f64(double *data, size_t count, int stream, double low, double span)
{
    for (size_t i = 0; i < count; i++)
        data[i] = low + span * ((double)(corr_random((uint64_t)stream, i) >> 11) * 0x1p-53);
}

static inline void corr_fill_real(double *data, size_t count, int stream, double largest)
{
    double scale = corr.scale < largest ? corr.scale : largest;
    if (corr.scale > 0.0)
        corr_fill_f64(data, count, stream, -scale, 2.0 * scale);
    else
        corr_fill_f64(data, count, stream, 0.0, 1.0);
}

static inline void corr_fill_i32(int32_t *data, size_t count, int stream, int32_t low, int32_t span)
{
    for (size_t i = 0; i < count; i++)
        data[i] = low + (int32_t)(corr_random((uint64_t)stream, i) % (uint64_t)span);
}

/* ---- Shapes ------------------------------------------------------------------------------- */

/* The elements of an n x n x n array, whose bytes CORR_MAX_SIZE does not keep within 64 bits. */
static inline size_t corr_cube(int n)
{
    if (n > 1000000)
        corr_die(1, "out of memory for %d x %d x %d elements", n, n, n);
    return (size_t)n * n * n;
}

/* ---- Outputs ------------------------------------------------------------------------------ */

static inline int corr_shown(const corr_array *array)
{
    return array->role == CORR_OUTPUT || array->role == CORR_RECORD;
}

static inline void corr_dump(FILE *file)
{
    for (int a = 0; a < corr.arrays; a++) {
        const corr_array *array = &corr.array[a];
        if (!corr_shown(array))
            continue;
        fprintf(file, "%s %s %zu\n", array->name, array->type == CORR_F64 ? "<f8" : "<i4",
                array->count);
        fwrite(array->data, corr_width(array->type), array->count, file);
    }
}

static inline void corr_digest(FILE *file)
{
    for (int a = 0; a < corr.arrays; a++) {
        const corr_array *array = &corr.array[a];
        const unsigned char *byte = (const unsigned char *)array->data;
        uint64_t digest = UINT64_C(0xCBF29CE484222325);
        double sum = 0.0;
        if (!corr_shown(array))
            continue;
        for (size_t i = 0; i < array->count * corr_width(array->type); i++)
            digest = (digest ^ byte[i]) * UINT64_C(0x100000001B3);
        for (size_t i = 0; i < array->count; i++)
            sum += array->type == CORR_F64 ? ((const double *)array->data)[i]
                                           : ((const int32_t *)array->data)[i];
        fprintf(file, "%s %016llx %.17g\n", array->name, (unsigned long long)digest, sum);
    }
}

/* ---- Repetitions -------------------------------------------------------------------------- */

/* A digest of an array, eight bytes at a time and in four lanes: it is taken in every repetition. */
static inline uint64_t corr_hash(const corr_array *array, uint64_t start)
{
    size_t bytes = array->count * corr_width(array->type);
    const char *data = (const char *)array->data;
    uint64_t lane[4] = {start, start + 1, start + 2, start + 3}, word;
    for (size_t at = 0; at < bytes; at += sizeof word) {
        uint64_t *mine = &lane[at / sizeof word % 4];
        word = 0;
        memcpy(&word, data + at, bytes - at < sizeof word ? bytes - at : sizeof word);
        *mine = (*mine ^ word) * CORR_GOLDEN;
        *mine ^= *mine >> 29;
    }
    return corr_mix(corr_mix(corr_mix(lane[0] ^ lane[1] * 3) ^ lane[2]) ^ lane[3]);
}

static inline double corr_magnitude(const corr_array *array)
{
    double lane[4] = {0.0, 0.0, 0.0, 0.0};
    for (size_t i = 0; i < array->count; i++)
        lane[i % 4] += fabs(array->type == CORR_F64 ? ((const double *)array->data)[i]
                                                    : (double)((const int32_t *)array->data)[i]);
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

/* Notes what repetition r has put out. Records come last among the arrays: digests, then sums. */
static inline void corr_record(int r, int repeat)
{
    int32_t *digests = (int32_t *)corr.array[corr.arrays - 2].data;
    double *sums = (double *)corr.array[corr.arrays - 1].data;
    uint64_t digest = 0;
    for (int a = 0; a < corr.arrays - CORR_RECORDS; a++) {
        if (corr.array[a].role != CORR_OUTPUT)
            continue;
        digest = corr_hash(&corr.array[a], digest);
        sums[r] = corr_magnitude(&corr.array[a]);
        sums += repeat;
    }
    memcpy(&digests[2 * r], &digest, sizeof digest);
}

static inline void corr_make_records(int repeat)
{
    size_t outputs = 0;
    for (int a = 0; a < corr.arrays; a++)
        outputs += corr.array[a].role == CORR_OUTPUT;
    corr_i32("repetitions.digests", CORR_RECORD, 2 * (size_t)repeat);
    corr_f64("repetitions.sums", CORR_RECORD, outputs * (size_t)repeat);
}

static inline FILE *corr_open(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (!file)
        corr_die(1, "cannot write %s: %s", path, strerror(errno));
    return file;
}

static inline void corr_close(FILE *file, const char *path)
{
    int failed = ferror(file);
    if (fclose(file) != 0 || failed)
        corr_die(1, "cannot write %s", path);
}

/* ---- Options ------------------------------------------------------------------------------ */

static inline uint64_t corr_number(const char *what, const char *text, uint64_t low, uint64_t high)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value < low || value > high)
        corr_die(2, "bad %s '%s': a whole number from %llu to %llu is needed", what, text,
                 (unsigned long long)low, (unsigned long long)high);
    return value;
}

static inline double corr_real(const char *what, const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0.0 && value <= 1e100))
        corr_die(2, "bad %s '%s': a number above 0, up to 1e100, is needed", what, text);
    return value;
}

static inline int corr_size(const corr_kernel *kernel, const char *text)
{
    for (int s = 0; s < CORR_SIZES; s++)
        if (strcmp(text, corr_size_name[s]) == 0)
            return kernel->size[s];
    return (int)corr_number("size", text, 1, CORR_MAX_SIZE);
}

static inline const char *corr_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static inline void corr_help(const corr_kernel *kernel)
{
    printf("usage: %s [--size N|mini|small|medium|large] [--seed K] [--repeat R]\n"
           "       [--scale S] [--dump FILE] [--digest] [--help]\n"
           "sizes: mini %d, small %d, medium %d (default), large %d\n"
           "environment: CORR_SIZE CORR_SEED CORR_REPEAT CORR_SCALE CORR_DUMP CORR_DIGEST=1 "
           "CORR_TIMES=FILE\n",
           kernel->name, kernel->size[0], kernel->size[1], kernel->size[2], kernel->size[3]);
}

static inline corr_options corr_parse(int argc, char **argv, const corr_kernel *kernel)
{
    const char *size = corr_environment("CORR_SIZE", "medium");
    const char *seed = corr_environment("CORR_SEED", "1");
    const char *repeat = corr_environment("CORR_REPEAT", "1");
    const char *scale = corr_environment("CORR_SCALE", NULL);
    corr_options options;
    options.dump = corr_environment("CORR_DUMP", NULL);
    options.digest = strcmp(corr_environment("CORR_DIGEST", "0"), "0") != 0;
    options.times = corr_environment("CORR_TIMES", NULL);

    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        const char **value = strcmp(option, "--size") == 0     ? &size
                             : strcmp(option, "--seed") == 0   ? &seed
                             : strcmp(option, "--repeat") == 0 ? &repeat
                             : strcmp(option, "--scale") == 0  ? &scale
                             : strcmp(option, "--dump") == 0   ? &options.dump
                                                               : NULL;
        if (value) {
            if (++i == argc)
                corr_die(2, "%s needs a value", option);
            *value = argv[i];
        } else if (strcmp(option, "--digest") == 0) {
            options.digest = 1;
        } else if (strcmp(option, "--help") == 0) {
            corr_help(kernel);
            exit(0);
        } else {
            corr_die(2, "unknown argument '%s' (see --help)", option);
        }
    }
    options.size = corr_size(kernel, size);
    options.repeat = (int)corr_number("repeat", repeat, 1, CORR_MAX_REPEAT);
    corr.scale = scale ? corr_real("scale", scale) : 0.0;
    corr.seed = corr_number("seed", seed, 0, UINT64_MAX);
    if (options.digest && options.dump && strcmp(options.dump, "-") == 0)
        corr_die(2, "the dump and the digest cannot both go to stdout");
    return options;
}

/* ---- Main --------------------------------------------------------------------------------- */

static inline double corr_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline int corr_main(int argc, char **argv, const corr_kernel *kernel)
{
    /* Volatile, so that the kernel is compiled where run() calls it, at its own loop depth, and not
     * again inside the loop over repetitions with what the harness knows. */
    void (*volatile run)(int) = kernel->run;
    corr.program = kernel->name;
    corr_options options = corr_parse(argc, argv, kernel);
    FILE *times = options.times ? corr_open(options.times, "a") : NULL;
    double fastest = HUGE_VAL;
    uint64_t seed = corr.seed;
    int recorded = options.repeat > 1 && (options.dump || options.digest);
    kernel->setup(options.size);
    if (recorded)
        corr_make_records(options.repeat);

    for (int r = 0; r < options.repeat; r++) {
        corr.seed = r == 0 ? seed : corr_mix(seed + (uint64_t)r * CORR_GOLDEN);
        corr_poison();
        kernel->init(options.size);
        corr_touch();
        double start = corr_now();
        run(options.size);
        corr_touch();
        double seconds = corr_now() - start;
        fastest = seconds < fastest ? seconds : fastest;
        if (recorded)
            corr_record(r, options.repeat);
        if (times)
            fprintf(times, "kernel_seconds %.9f\n", seconds);
    }

    if (times)
        corr_close(times, options.times);
    else
        fprintf(stderr, "%s: size %d, %d repetition%s, kernel %.3g s%s\n", kernel->name,
                options.size, options.repeat, options.repeat == 1 ? "" : "s", fastest,
                options.repeat == 1 ? "" : " (fastest)");
    if (options.dump) {
        int to_stdout = strcmp(options.dump, "-") == 0;
        FILE *file = to_stdout ? stdout : corr_open(options.dump, "wb");
        corr_dump(file);
        corr_close(file, to_stdout ? "stdout" : options.dump);
    }
    if (options.digest) {
        corr_digest(stdout);
        corr_close(stdout, "stdout");
    }
    return 0;
}

#endif
