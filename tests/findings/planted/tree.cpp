// Counts keys in a tree.
#include <cstdio>
#include <map>

int main()
{
    std::map<unsigned, int> counts;
    unsigned key = 1;
    for (int i = 0; i < 500000; i++) {
        key = key * 1664525u + 1013904223u;
        counts[key >> 14]++;
    }
    std::printf("%zu\n", counts.size());
}
