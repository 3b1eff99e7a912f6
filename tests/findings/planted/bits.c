/* A checksum bit by bit, where a table of bytes would take eight at a time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t crc32(const uint8_t *bytes, size_t n)
{
    uint32_t crc = ~0u;
    while (n--) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

int main(void)
{
    size_t n = 1 << 20;
    uint8_t *bytes = malloc(n);
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        bytes[i] = i * 2654435761u >> 24;
    for (int round = 0; round < 40; round++) {
        bytes[round] = round;
        sum ^= crc32(bytes, n);
    }
    printf("%08x\n", sum);
}
