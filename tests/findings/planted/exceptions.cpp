// Reads words, of which some are numbers, and asks by an exception which.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

long number(const std::string &word)
{
    try {
        return std::stol(word);
    } catch (const std::invalid_argument &) {
        return -1;
    }
}

int main()
{
    const std::vector<std::string> words{"17", "blue", "4711", "yes", "no such thing"};
    long sum = 0;
    for (int i = 0; i < 400000; i++) {
        const long value = number(words[i % 5]);
        for (int k = 0; k < 90; k++)
            sum = (sum * 31 + value) % 1000003;
    }
    std::printf("%ld\n", sum);
}
