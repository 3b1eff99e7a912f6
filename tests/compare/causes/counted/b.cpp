// Counts in a tree.
#include <cstdio>
#include <map>

int main()
{
    std::map<unsigned, int> counts;
    unsigned key = 1;
    for (int i = 0; i < 1000000; i++) {
        key = key * 1664525u + 1013904223u;
        counts[key >> 16]++;
    }
    std::printf("%d\n", counts[3]);
}
