// Looks keys up in a hash table that no cache holds.
#include <cstdio>
#include <unordered_map>

int main()
{
    std::unordered_map<unsigned long, int> table;
    unsigned long key = 1;
    for (int i = 0; i < 400000; i++)
        table[(key = key * 6364136223846793005u + 1442695040888963407u) >> 44] = i;
    long sum = 0;
    for (int i = 0; i < 4000000; i++) {
        key = key * 6364136223846793005u + 1442695040888963407u;
        const auto found = table.find(key >> 44);
        if (found != table.end())
            sum += found->second;
    }
    std::printf("%ld\n", sum);
}
