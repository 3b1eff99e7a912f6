// Adds up numbers in an array.
#include <cstdio>
#include <vector>

extern "C" __attribute__((noinline)) double kernel(const std::vector<double> &numbers, double sum) {
  for (double number : numbers)
    sum += number;
  return sum;
}

int main() {
  std::vector<double> numbers;
  for (int i = 0; i < 60000; i++)
    numbers.push_back(i);
  double sum = 0;
  for (int r = 0; r < 100; r++)
    sum = kernel(numbers, sum * 0.5);
  std::printf("%g\n", sum);
}
