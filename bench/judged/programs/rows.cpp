// Products of matrices that are vectors of vectors, and what their rows add up to: rows SIZE SEED.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

using Matrix = std::vector<std::vector<double>>;

static Matrix filled(int n, unsigned seed)
{
    Matrix m(n, std::vector<double>(n));
    for (auto &row : m)
        for (double &cell : row) {
            seed = seed * 1664525u + 1013904223u;
            cell = (seed >> 8) / 16777213.0 - 0.5;
        }
    return m;
}

static Matrix product(const Matrix &a, const Matrix &b)
{
    const int n = static_cast<int>(a.size());
    Matrix c(n, std::vector<double>(n));
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int k = 0; k < n; k++)
                c[i][j] += a[i][k] * b[k][j];
    return c;
}

static std::vector<double> sums(const Matrix &m)
{
    std::vector<double> all;
    for (const auto &row : m) {
        double sum = 0.0;
        for (double cell : row)
            sum += std::sqrt(std::fabs(cell));
        all.push_back(sum);
    }
    return all;
}

int main(int argc, char **argv)
{
    const int n = argc > 1 ? std::atoi(argv[1]) : 360;
    const unsigned seed = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1;
    const Matrix c = product(filled(n, seed), filled(n, seed + 1));
    std::vector<double> all = sums(c);
    std::sort(all.begin(), all.end());
    for (double sum : all)
        std::printf("%.17g\n", sum);
    return all.empty() ? 1 : 0;
}
