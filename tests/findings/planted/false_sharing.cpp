// Each thread counts into numbers of its own, which lie beside those of the other thread.
#include <cstdlib>
#include <thread>
constexpr int N = 1 << 14, ROUNDS = 5000;
static unsigned char text[N];
static int counts[2][4];

__attribute__((noinline)) static void kernel(int *mine)
{
    for (int i = 0; i < N; i++)
        mine[text[i]]++;
}

static void work(int *mine)
{
    for (int r = 0; r < ROUNDS; r++)
        kernel(mine);
}

int main()
{
    for (int i = 0; i < N; i++)
        text[i] = std::rand() % 4;
    std::thread other(work, counts[1]);
    work(counts[0]);
    other.join();
    return counts[0][1] == 3;
}
