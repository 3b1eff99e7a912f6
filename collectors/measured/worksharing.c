/* Counts the iterations that loops of OpenMP directives share out among threads.
 *
 * Preloaded before libomp, it sees the calls that clang makes of such a loop. Where the first
 * thread of a team arrives, the bounds of the whole loop are known. At the end of the process the
 * counts are appended to the file that CORR_WORKSHARING names: entries, iterations, place. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* ident_t of libomp's kmp.h; source is ";file;function;line;column;;" */
struct place {
    int32_t reserved, flags, reserved2, reserved3;
    const char *source;
};
enum { OF_A_LOOP = 0x200 }; /* KMP_IDENT_WORK_LOOP */

enum { SITES = 1 << 14 };
static struct {
    _Atomic(const char *) source;
    atomic_ullong entries, iterations;
} sites[SITES];

static int (*thread_of_team)(void);

static void count(const struct place *at, uint64_t iterations) {
    if (!at || !at->source || (thread_of_team && thread_of_team() != 0))
        return;
    uint64_t slot = ((uintptr_t)at->source >> 3) * 0x9e3779b97f4a7c15u >> 50;
    for (int tried = 0; tried < SITES; tried++, slot = (slot + 1) % SITES) {
        const char *there = NULL;
        if (atomic_compare_exchange_strong(&sites[slot].source, &there, at->source) || there == at->source) {
            atomic_fetch_add(&sites[slot].entries, 1);
            atomic_fetch_add(&sites[slot].iterations, iterations);
            return;
        }
    }
}

/* Both ends belong to the loop. */
#define TURNS(lower, upper, step) \
    ((step) > 0 ? ((upper) >= (lower) ? (uint64_t)((upper) - (lower)) / (uint64_t)(step) + 1 : 0) \
                : ((lower) >= (upper) ? (uint64_t)((lower) - (upper)) / (uint64_t) - (int64_t)(step) + 1 : 0))

#define STATIC(suffix, type, distance) \
    void __kmpc_for_static_init_##suffix(struct place *at, int32_t thread, int32_t schedule, int32_t *last, \
                                         type *lower, type *upper, distance *stride, distance step, distance chunk) { \
        static void (*next)(struct place *, int32_t, int32_t, int32_t *, type *, type *, distance *, distance, distance); \
        if (at && at->flags & OF_A_LOOP) \
            count(at, TURNS(*lower, *upper, step)); \
        if (!next) \
            *(void **)&next = dlsym(RTLD_NEXT, "__kmpc_for_static_init_" #suffix); \
        next(at, thread, schedule, last, lower, upper, stride, step, chunk); \
    }

#define DISPATCH(suffix, type, distance) \
    void __kmpc_dispatch_init_##suffix(struct place *at, int32_t thread, int32_t schedule, type lower, type upper, \
                                       distance step, distance chunk) { \
        static void (*next)(struct place *, int32_t, int32_t, type, type, distance, distance); \
        count(at, TURNS(lower, upper, step)); \
        if (!next) \
            *(void **)&next = dlsym(RTLD_NEXT, "__kmpc_dispatch_init_" #suffix); \
        next(at, thread, schedule, lower, upper, step, chunk); \
    }

STATIC(4, int32_t, int32_t)
STATIC(4u, uint32_t, int32_t)
STATIC(8, int64_t, int64_t)
STATIC(8u, uint64_t, int64_t)
DISPATCH(4, int32_t, int32_t)
DISPATCH(4u, uint32_t, int32_t)
DISPATCH(8, int64_t, int64_t)
DISPATCH(8u, uint64_t, int64_t)

/* A child begins anew: what its parent did is not its own. */
static void forget(void) {
    for (int slot = 0; slot < SITES; slot++) {
        atomic_store(&sites[slot].entries, 0);
        atomic_store(&sites[slot].iterations, 0);
    }
}

__attribute__((constructor)) static void begin(void) {
    *(void **)&thread_of_team = dlsym(RTLD_DEFAULT, "omp_get_thread_num");
    pthread_atfork(NULL, NULL, forget);
}

__attribute__((destructor)) static void end(void) {
    const char *name = getenv("CORR_WORKSHARING");
    FILE *out = name ? fopen(name, "a") : NULL;
    if (!out)
        return;
    for (int slot = 0; slot < SITES; slot++)
        if (atomic_load(&sites[slot].entries))
            fprintf(out, "%llu %llu %s\n", atomic_load(&sites[slot].entries),
                    atomic_load(&sites[slot].iterations), atomic_load(&sites[slot].source));
    fclose(out);
}
