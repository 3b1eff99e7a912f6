// Counts in a table.
#include <cstdio>
#include <vector>

int main()
{
    std::vector<int> counts(1 << 16);
    unsigned key = 1;
    for (int i = 0; i < 1000000; i++) {
        key = key * 1664525u + 1013904223u;
        counts[key >> 16]++;
    }
    std::printf("%d\n", counts[3]);
}
