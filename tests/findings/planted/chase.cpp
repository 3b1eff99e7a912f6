// A list whose nodes lie anywhere in memory.
#include <cstddef>
#include <vector>

struct Node {
    Node *next;
    long value;
    long more[6];
};

__attribute__((noinline)) long kernel(const Node *node)
{
    long sum = 0;
    for (; node; node = node->next)
        sum += node->value;
    return sum;
}

int main()
{
    const std::size_t n = 1 << 19;
    std::vector<Node> nodes(n);
    std::size_t at = 0;
    for (std::size_t i = 0; i < n; i++) {
        std::size_t next = (at + 96557) % n;
        nodes[at].value = long(i);
        nodes[at].next = i + 1 < n ? &nodes[next] : nullptr;
        at = next;
    }
    long total = 0;
    for (int r = 0; r < 30; r++)
        total += kernel(&nodes[r]); // another one: the compiler would take it out of the loop
    return total == 3;
}
