// Passes an object on by a counted pointer, by value.
#include <cstdio>
#include <memory>
#include <thread>

struct Node {
    int value;
};

__attribute__((noinline)) static int value_of(std::shared_ptr<Node> node) { return node->value; }

int main()
{
    const auto node = std::make_shared<Node>(Node{3});
    std::thread([] {}).join(); // from now on owners are counted atomically
    long sum = 0;
    for (int i = 0; i < 20000000; i++)
        sum += value_of(node);
    std::printf("%ld\n", sum);
}
