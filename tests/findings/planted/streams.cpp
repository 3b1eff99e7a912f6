// Reads the words of a file again and again.
#include <cstdio>
#include <iostream>
#include <string>

int main()
{
    if (!std::freopen("streams.cpp", "r", stdin))
        return 1;
    long letters = 0, words = 0;
    std::string word;
    for (int round = 0; round < 6000; round++) {
        while (std::cin >> word) {
            words++;
            for (char c : word)
                letters = (letters * 31 + c) % 1000003;
        }
        std::cin.clear();
        std::rewind(stdin);
    }
    std::printf("%ld %ld\n", letters, words);
}
