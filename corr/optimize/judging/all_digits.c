/* Loaded into a checked program: numbers with a fraction are printed with all their digits.
 *
 * What a program prints as "%.2f" hides most of a sum. Here printf and its kin, and what
 * std::ostream << double calls, print such numbers as %a does, which is exact. A format that is not
 * understood is left as it is, and so is a text that would not fit into its buffer.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*to_stream)(FILE *, const char *, va_list);
typedef int (*to_buffer)(char *, size_t, const char *, va_list);

static void *next(const char *name, void **known) {
    if (!*known)
        *known = dlsym(RTLD_NEXT, name);
    return *known;
}

static int real_stream(FILE *stream, const char *format, va_list rest) {
    static void *known;
    return ((to_stream)next("vfprintf", &known))(stream, format, rest);
}

static int real_buffer(char *into, size_t size, const char *format, va_list rest) {
    static void *known;
    return ((to_buffer)next("vsnprintf", &known))(into, size, format, rest);
}

/* The format with %a for what shows a fraction; NULL where nothing changes or it is not understood. */
static char *exact(const char *format) {
    char *made = malloc(2 * strlen(format) + 1), *to = made;
    int changed = 0;
    if (!made)
        return NULL;
    for (const char *at = format; *at;) {
        if (*at != '%') {
            *to++ = *at++;
            continue;
        }
        const char *start = at++;
        at += strspn(at, "-+ #0'I");
        const char *width = at;
        at += *at == '*' ? 1 : strspn(at, "0123456789");
        if (*at == '$') { /* arguments by number */
            free(made);
            return NULL;
        }
        int star = *width == '*', precision_star = 0;
        const char *width_end = at;
        if (*at == '.') {
            at++;
            precision_star = *at == '*';
            at += precision_star ? 1 : strspn(at, "0123456789");
        }
        const char *length = at;
        at += strspn(at, "hlLqjzt");
        if (*at && strchr("fFeEgG", *at) && !(star && precision_star)) {
            *to++ = '%';
            if (star || precision_star)
                *to++ = '*';
            else
                to = mempcpy(to, width, (size_t)(width_end - width));
            if (*length == 'L')
                *to++ = 'L';
            *to++ = 'a';
            at++;
            changed = 1;
            continue;
        }
        if (*at)
            at++;
        to = mempcpy(to, start, (size_t)(at - start));
    }
    *to = 0;
    if (!changed) {
        free(made);
        return NULL;
    }
    return made;
}

int vfprintf(FILE *stream, const char *format, va_list rest) {
    char *all = exact(format);
    int done = real_stream(stream, all ? all : format, rest);
    free(all);
    return done;
}

int vsnprintf(char *into, size_t size, const char *format, va_list rest) {
    char *all = exact(format);
    if (all) {
        va_list again;
        va_copy(again, rest);
        int done = real_buffer(into, size, all, again);
        va_end(again);
        free(all);
        if (done >= 0 && (size_t)done < size)
            return done;
    }
    return real_buffer(into, size, format, rest);
}

#define REST(call)                                                                                 \
    va_list rest;                                                                                  \
    va_start(rest, format);                                                                        \
    int done = call;                                                                               \
    va_end(rest);                                                                                  \
    return done

int vprintf(const char *format, va_list rest) { return vfprintf(stdout, format, rest); }
int printf(const char *format, ...) { REST(vfprintf(stdout, format, rest)); }
int fprintf(FILE *stream, const char *format, ...) { REST(vfprintf(stream, format, rest)); }
int snprintf(char *into, size_t size, const char *format, ...) {
    REST(vsnprintf(into, size, format, rest));
}
int __printf_chk(int flag, const char *format, ...) {
    (void)flag;
    REST(vfprintf(stdout, format, rest));
}
int __fprintf_chk(FILE *stream, int flag, const char *format, ...) {
    (void)flag;
    REST(vfprintf(stream, format, rest));
}

extern void *put_text(void *stream, const char *text)
    __asm__("_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc") __attribute__((weak));
extern void *put_double(void *stream, double value) __asm__("_ZNSo9_M_insertIdEERSoT_");
extern void *put_long_double(void *stream, long double value) __asm__("_ZNSo9_M_insertIeEERSoT_");

void *put_double(void *stream, double value) {
    char text[64];
    snprintf(text, sizeof text, "%a", value);
    return put_text(stream, text);
}

void *put_long_double(void *stream, long double value) {
    char text[64];
    snprintf(text, sizeof text, "%La", value);
    return put_text(stream, text);
}
