/* Fields of a few bits are written bit by bit, each through memory. */
#include <stdio.h>
#include <stdlib.h>

struct stream {
    unsigned char *bytes;
    size_t at;
};

__attribute__((noinline)) void put(struct stream *out, unsigned field, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        if ((out->at & 7) == 0)
            out->bytes[out->at >> 3] = 0;
        out->bytes[out->at >> 3] |= ((field >> i) & 1) << (out->at & 7);
        out->at++;
    }
}

int main(void)
{
    struct stream out = {malloc(1 << 22), 0};
    unsigned sum = 0;
    for (int round = 0; round < 4; round++) {
        out.at = 0;
        for (unsigned k = 0; k < 2000000; k++)
            put(&out, k * 2654435761u >> 20, 7 + k % 3);
        sum += out.bytes[12345];
    }
    printf("%u\n", sum);
}
