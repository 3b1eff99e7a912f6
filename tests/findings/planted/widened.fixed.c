/* Bytes are counted in bytes, block by block. */
enum { N = 1 << 14, ROUNDS = 30000, BLOCK = 128 };
static unsigned char text[N];

__attribute__((noinline)) static long kernel(void)
{
    long found = 0;
    for (int i = 0; i < N; i += BLOCK) {
        unsigned char here = 0;
        for (int k = 0; k < BLOCK; k++)
            here += text[i + k] == 'e';
        found += here;
    }
    return found;
}

int main(void)
{
    long total = 0;
    for (int i = 0; i < N; i++)
        text[i] = 'a' + i % 26;
    for (int r = 0; r < ROUNDS; r++) {
        text[r % N] ^= 1;
        total += kernel();
    }
    return total == 3;
}
