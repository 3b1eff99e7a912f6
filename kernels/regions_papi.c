/*
 * regions_papi: two phases over a vector of n elements, STEPS times over, each marked as a region
 * with PAPI's high-level calls.
 *
 *     smooth      b[i] = (a[i - 1] + a[i] + a[i + 1]) / 3      at both ends b[i] = a[i]
 *     accumulate  x = x / 2 + b[i],  a[i] = x / 2              from x = 0, i upwards
 *
 * The first is vectorised, the second waits for its own result in every element: two regions of
 * about the same work for each byte and a very different time.
 *
 * Link with -lpapi for the regions; where libraries are only linked as needed, with
 * -Wl,--no-as-needed -lpapi. Without it, with -DCORR_NO_PAPI, or where papi.h is not installed,
 * the same program runs without them.
 */
#include "corr_harness.h"

#if !defined(CORR_NO_PAPI) && defined(__has_include)
#if __has_include(<papi.h>)
#define CORR_PAPI
#endif
#endif

#ifdef CORR_PAPI
#include <papi.h>
/* Weak: without -lpapi the calls are not there, and the program links all the same. */
#pragma weak PAPI_hl_region_begin
#pragma weak PAPI_hl_region_end
#else
static int (*const PAPI_hl_region_begin)(const char *) = NULL;
static int (*const PAPI_hl_region_end)(const char *) = NULL;
#endif

enum { STEPS = 20 };

static double *a, *b;

static void kernel_regions_papi(int n, int steps, double *a, double *b)
{
    for (int step = 0; step < steps; step++) {
        if (PAPI_hl_region_begin)
            PAPI_hl_region_begin("smooth");
        b[0] = a[0];
        for (int i = 1; i < n - 1; i++)
            b[i] = (a[i - 1] + a[i] + a[i + 1]) / 3.0;
        b[n - 1] = a[n - 1];
        if (PAPI_hl_region_end)
            PAPI_hl_region_end("smooth");

        if (PAPI_hl_region_begin)
            PAPI_hl_region_begin("accumulate");
        double x = 0.0;
        for (int i = 0; i < n; i++) {
            x = 0.5 * x + b[i];
            a[i] = 0.5 * x;
        }
        if (PAPI_hl_region_end)
            PAPI_hl_region_end("accumulate");
    }
}

static void setup(int n)
{
    a = corr_f64("a", CORR_OUTPUT, (size_t)n);
    b = corr_f64("b", CORR_OUTPUT, (size_t)n);
}

static void init(int n)
{
    corr_fill_f64(a, (size_t)n, 0, 0.0, 1.0);
    corr_fill_f64(b, (size_t)n, 1, 0.0, 1.0);
}

static void run(int n)
{
    if (PAPI_hl_region_begin)
        PAPI_hl_region_begin("kernel_regions_papi");
    kernel_regions_papi(n, STEPS, a, b);
    if (PAPI_hl_region_end)
        PAPI_hl_region_end("kernel_regions_papi");
}

CORR_MAIN("regions_papi", 500, 20000, 4000000, 16000000)
