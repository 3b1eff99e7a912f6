/*
 * string_search: every occurrence of PATTERNS words in a text of n letters, by Horspool's method.
 *
 *     compare the word with the text at the place; whether or not it is there,
 *     place += shift[letter under the last one of the word]
 *
 * where shift[c] is how far from the word's end it has its last c, the last letter not counted.
 * Loop depth 3: words, places, letters. The next place is known only once a byte of this one has
 * been looked up, and the comparison nearly always ends after a letter or two, but not always:
 * nothing to vectorise as it stands, while comparing many places at once would take plain bytes.
 */
#include "corr_harness.h"

enum { PATTERNS = 24, PATTERN = 8, LETTERS = 4 };

static int32_t *letters, *from, *count, *last;

static int matches(const unsigned char *text, const unsigned char *word, int length)
{
    int same = length;
    while (same > 0 && text[same - 1] == word[same - 1])
        same--;
    return same == 0;
}

/* Word p is what the text has at from[p], so that each is there once at least. */
static void kernel_string_search(int n, int length, const unsigned char *text, const int *from,
                                 int *count, int *last)
{
    for (int p = 0; p < PATTERNS; p++) {
        const unsigned char *word = text + from[p];
        int shift[LETTERS];
        for (int c = 0; c < LETTERS; c++)
            shift[c] = length;
        for (int i = 0; i < length - 1; i++)
            shift[word[i]] = length - 1 - i;

        count[p] = 0;
        for (int place = 0; place <= n - length; place += shift[text[place + length - 1]])
            if (matches(text + place, word, length)) {
                count[p]++;
                last[p] = place;
            }
    }
}

static int word_length(int n)
{
    return n < PATTERN ? n : PATTERN;
}

/* The text lies in an array of integers, four letters to each, so that the harness knows of it. */
static void setup(int n)
{
    letters = corr_i32("letters", CORR_INPUT, (size_t)n / sizeof(int32_t) + 1);
    from = corr_i32("from", CORR_INPUT, PATTERNS);
    count = corr_i32("count", CORR_OUTPUT, PATTERNS);
    last = corr_i32("last", CORR_OUTPUT, PATTERNS);
}

static void init(int n)
{
    unsigned char *text = (unsigned char *)letters;
    for (int i = 0; i < n; i++)
        text[i] = (unsigned char)(corr_random(0, (uint64_t)i) % LETTERS);
    corr_fill_i32(from, PATTERNS, 1, 0, n - word_length(n) + 1);
}

static void run(int n)
{
    kernel_string_search(n, word_length(n), (const unsigned char *)letters, from, count, last);
}

CORR_MAIN("string_search", 500, 50000, 5000000, 20000000)
