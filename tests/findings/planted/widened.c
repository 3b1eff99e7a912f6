/* Bytes are counted in a number of eight bytes. */
enum { N = 1 << 14, ROUNDS = 30000 };
static unsigned char text[N];

__attribute__((noinline)) static long kernel(void)
{
    long found = 0;
    for (int i = 0; i < N; i++)
        found += text[i] == 'e';
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
