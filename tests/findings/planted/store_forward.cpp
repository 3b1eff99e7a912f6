// Marks one byte of a word, and then looks at the word.
#include <cstdint>
#include <cstdio>
#include <cstring>

constexpr int WORDS = 1 << 14;
static uint64_t *words;

__attribute__((noinline)) static void kernel(int turns)
{
    uint64_t *const word = words;
    for (int i = 0; i < turns; ++i) {
        const int at = (i >> 7) & (WORDS - 1);
        const uint64_t seen = word[at] & 0x8080808080808080u;
        const int byte = seen ? __builtin_ctzll(seen) / 8 : 0;
        reinterpret_cast<unsigned char *>(word)[at * 8 + byte] = i & 0x7f;
    }
}

int main()
{
    words = new uint64_t[WORDS];
    std::memset(words, 0xfe, WORDS * sizeof *words);
    kernel(30000000);
    uint64_t sum = 0;
    for (int i = 0; i < WORDS; i++)
        sum += words[i];
    std::printf("%llu\n", static_cast<unsigned long long>(sum));
}
