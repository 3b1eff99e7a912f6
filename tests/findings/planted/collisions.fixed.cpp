// Remembers which cells of a grid were seen, by a hash of their own.
#include <cstddef>
#include <cstdio>
#include <unordered_set>

struct Cell {
    int x, y;
    bool operator==(const Cell &other) const { return x == other.x && y == other.y; }
};

struct Hash {
    std::size_t operator()(const Cell &c) const noexcept
    {
        const std::size_t mixed = (std::size_t(c.x) << 32 | unsigned(c.y)) * 0x9e3779b97f4a7c15u;
        return mixed ^ mixed >> 32;
    }
};

int main()
{
    std::unordered_set<Cell, Hash> seen;
    unsigned s = 7;
    long met = 0;
    for (int i = 0; i < 2000000; i++) {
        s = s * 1664525u + 1013904223u;
        const Cell cell{int(s >> 9) % 200, int(s >> 20) % 200};
        met += !seen.insert(cell).second;
    }
    std::printf("%ld\n", met);
}
