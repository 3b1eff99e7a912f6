// Reads words, of which some are numbers, and asks which.
#include <charconv>
#include <cstdio>
#include <string>
#include <system_error>
#include <vector>

long number(const std::string &word)
{
    long value;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
    return read.ec == std::errc() ? value : -1;
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
