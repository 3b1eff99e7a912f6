/* Fields of a few bits are gathered in a word, and that is stored. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stream {
    unsigned char *bytes;
    size_t at;
    uint64_t word;
    int used;
};

static unsigned turned(unsigned field, int width)
{
    unsigned to = field & ((1u << width) - 1);
    to = (to & 0x5555) << 1 | (to >> 1 & 0x5555);
    to = (to & 0x3333) << 2 | (to >> 2 & 0x3333);
    to = (to & 0x0f0f) << 4 | (to >> 4 & 0x0f0f);
    to = (to & 0x00ff) << 8 | (to >> 8 & 0x00ff);
    return to >> (16 - width);
}

__attribute__((noinline)) void put(struct stream *out, unsigned field, int width)
{
    out->word |= (uint64_t)turned(field, width) << out->used;
    out->used += width;
    memcpy(out->bytes + out->at, &out->word, 8);
    out->at += out->used / 8;
    out->word >>= out->used / 8 * 8;
    out->used %= 8;
}

int main(void)
{
    struct stream out = {malloc(1 << 22), 0, 0, 0};
    unsigned sum = 0;
    for (int round = 0; round < 4; round++) {
        out.at = 0, out.word = 0, out.used = 0;
        for (unsigned k = 0; k < 2000000; k++)
            put(&out, k * 2654435761u >> 20, 7 + k % 3);
        sum += out.bytes[12345];
    }
    printf("%u\n", sum);
}
