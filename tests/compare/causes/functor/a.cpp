// Adds up what a function makes of numbers; it is known.
#include <cmath>
#include <cstdio>
#include <vector>

double half(double x) { return x * 0.5 + 1; }

template <typename Function>
static inline double sum_of(const std::vector<double> &numbers, Function function) {
  double sum = 0;
  for (double number : numbers)
    sum += function(number);
  return sum;
}

int main() {
  std::vector<double> numbers(4096, 1.5);
  double (*volatile chosen)(double) = half;
  double sum = 0;
  for (int r = 0; r < 8000; r++)
    sum += sum_of(numbers, [](double x) { return half(x); });
  std::printf("%g\n", sum + chosen(1));
}
