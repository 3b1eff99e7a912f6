// Each element goes through a function that is not inlined.
#include <vector>

__attribute__((noinline)) double weight(double value) { return value * 0.5 + 1.0; }

__attribute__((noinline)) void kernel(std::vector<double> &y, const std::vector<double> &x)
{
    for (std::size_t i = 0; i < x.size(); i++)
        y[i] = y[i] * 0.5 + weight(x[i]);
}

int main()
{
    std::vector<double> x(4096), y(4096);
    for (std::size_t i = 0; i < x.size(); i++)
        x[i] = double(i % 7);
    for (int r = 0; r < 15000; r++)
        kernel(y, x);
    return y[1] == 0.25;
}
