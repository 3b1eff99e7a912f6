// The longest common subsequence, whose cells need the one to the left.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

static int common(const char *a, int n, const char *b, int m, int **length)
{
    for (int i = 1; i <= n; i++)
        for (int j = 1; j <= m; j++) {
            if (a[i - 1] == b[j - 1])
                length[i][j] = length[i - 1][j - 1] + 1;
            else
                length[i][j] = std::max(length[i - 1][j], length[i][j - 1]);
        }
    return length[n][m];
}

int main()
{
    const int n = 1500;
    static char a[n], b[n];
    int **length = new int *[n + 1];
    for (int i = 0; i <= n; i++)
        length[i] = new int[n + 1]();
    std::srand(3);
    for (int i = 0; i < n; i++) {
        a[i] = 'a' + std::rand() % 2;
        b[i] = 'a' + std::rand() % 26;
    }
    long sum = 0;
    for (int round = 0; round < 40; round++) {
        a[round] = 'q';
        sum += common(a, n, b, n, length);
    }
    std::printf("%ld\n", sum);
}
