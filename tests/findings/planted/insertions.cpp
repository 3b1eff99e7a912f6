// Each element is put in front of all others.
#include <cstdio>
#include <vector>

int main()
{
    std::vector<int> line;
    for (int i = 0; i < 120000; i++)
        line.insert(line.begin(), i);
    long sum = 0;
    for (std::size_t i = 0; i < line.size(); i++)
        sum += line[i] * static_cast<long>(i);
    std::printf("%ld\n", sum);
}
