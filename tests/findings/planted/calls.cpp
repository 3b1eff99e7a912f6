// The nodes of a tree are visited by a function that calls itself.
struct Node {
    int value;
    Node *left, *right;
};
static Node nodes[1 << 10];

__attribute__((noinline)) static int sum(const Node *node)
{
    if (!node)
        return 0;
    int below = sum(node->left);
    return node->value + 3 * below + sum(node->right);
}

int main()
{
    for (int i = 1; i < 1 << 10; i++)
        nodes[i] = {i, 2 * i < 1 << 10 ? nodes + 2 * i : nullptr, 2 * i < 1 << 10 ? nodes + 2 * i + 1 : nullptr};
    int total = 0;
    for (int r = 0; r < 20000; r++) {
        nodes[3].value = r;
        total += sum(nodes + 1);
    }
    return total == 3;
}
