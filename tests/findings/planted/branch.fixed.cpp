// Elements are kept by a condition that no processor can foresee.
#include <cstdint>
#include <vector>

__attribute__((noinline)) std::size_t kernel(const std::vector<std::uint32_t> &from, std::uint32_t *to)
{
    std::size_t kept = 0;
    for (std::uint32_t value : from)
    {
        to[kept] = value;
        kept += value >> 16 & 1;
    }
    return kept;
}

int main()
{
    std::vector<std::uint32_t> from(1 << 16), to(1 << 16);
    std::uint32_t state = 1;
    for (auto &value : from)
        value = state = state * 1664525u + 1013904223u;
    std::size_t total = 0;
    for (int r = 0; r < 800; r++)
        total += kernel(from, to.data());
    return total == 3;
}
