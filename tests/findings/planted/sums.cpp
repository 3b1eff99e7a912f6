// Makes a long text of many parts, a new one with each part.
#include <cstdio>
#include <string>

int main()
{
    unsigned long hash = 0;
    for (int round = 0; round < 30; round++) {
        std::string text;
        for (int i = 0; i < 6000; i++)
            text = text + std::to_string(i) + ";";
        for (char c : text)
            hash = hash * 31 + c;
        for (int i = 0; i < 100000; i++)
            hash = (hash ^ hash >> 7) * 6364136223846793005u % 1000003;
    }
    std::printf("%lu\n", hash);
}
