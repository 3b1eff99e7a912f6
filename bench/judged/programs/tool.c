/* tool MODE LOW HIGH RATE FILE: numbers in a range by their tens, interest in cents, letters of a text. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long by_tens(long low, long high, long *count, int tens)
{
    long checksum = 0;
    for (long x = low; x < high; x++) {
        long q = x / 10, r = x % 10;
        if (r < 0) {
            r += 10;
            q--;
        }
        long b = q % tens;
        if (b < 0)
            b += tens;
        count[b]++;
        checksum += q * 3 + r;
    }
    return checksum;
}

static double interest(const double *amount, int n, double rate)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += amount[i] * rate;
    return sum;
}

static int hash(const long *count, int n, int rounds)
{
    int h = 17;
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < n; i++)
            h = h * 31 + (int)(count[i] ^ round);
    return h;
}

static void letters(const char *text, size_t size)
{
    long of[26] = {0}, other = 0;
    for (int again = 0; again < 8; again++)
        for (size_t i = 0; i < size; i++) {
            int c = tolower((unsigned char)text[i]);
            if (c >= 'a' && c <= 'z')
                of[c - 'a'] += again + 1;
            else
                other++;
        }
    for (int i = 0; i < 26; i++)
        printf("%c %ld\n", 'a' + i, of[i]);
    printf("other %ld\n", other);
}

static void upper(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        putchar(toupper((unsigned char)text[i]));
}

static void print_cents(double amount)
{
    long cents = (long)(amount * 100 + 0.5);
    printf("%ld.%02ld\n", cents / 100, cents % 100);
}

static char *content(const char *name, size_t *size)
{
    FILE *file = fopen(name, "rb");
    if (!file) {
        perror(name);
        exit(2);
    }
    char *text = NULL;
    size_t room = 0;
    *size = 0;
    for (int c; (c = fgetc(file)) != EOF; text[(*size)++] = (char)c)
        if (*size == room) {
            room = room ? 2 * room : 4096;
            text = realloc(text, room);
            if (!text)
                exit(3);
        }
    fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    size_t size;
    char *text = content(argv[5], &size);
    if (!strcmp(argv[1], "upper")) {
        upper(text, size);
        free(text);
        return 0;
    }
    long low = strtol(argv[2], 0, 10), high = strtol(argv[3], 0, 10);
    double rate = atof(argv[4]) / 100;
    long count[100] = {0};
    printf("%ld\n", by_tens(low, high, count, 100));
    for (int i = 0; i < 100; i++)
        printf("%ld ", count[i]);
    printf("\n%d\n", hash(count, 100, 40000));
    double *amount = malloc(100000 * sizeof *amount);
    unsigned seed = 11;
    for (int i = 0; i < 100000; i++)
        amount[i] = ((seed = seed * 1664525u + 1013904223u) >> 8) / 100.0;
    for (int year = 0; year < 100; year++)
        if (year % 20 == 0 || interest(amount, 100000, rate + year * 0.001) < 0)
            print_cents(interest(amount, 100000, rate + year * 0.001));
    letters(text, size);
    free(amount);
    free(text);
    return 0;
}
