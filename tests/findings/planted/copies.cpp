// A comparison that takes its arguments by value: every one of them is a copy.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

static bool before(std::string a, std::string b) { return a < b; }

int main()
{
    std::vector<std::string> names;
    unsigned x = 1;
    for (int i = 0; i < 200000; i++) {
        x = x * 1664525 + 1013904223;
        names.push_back("customer-account-number-" + std::to_string(x));
    }
    std::sort(names.begin(), names.end(), before);
    std::printf("%s\n", names[0].c_str());
}
