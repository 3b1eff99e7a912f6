// Adds up numbers in a list, whose nodes lie in any order.
#include <cstdio>
#include <list>

extern "C" __attribute__((noinline)) double kernel(const std::list<double> &numbers, double sum) {
  for (double number : numbers)
    sum += number;
  return sum;
}

int main() {
  std::list<double> numbers;
  for (int i = 0; i < 60000; i++)
    numbers.push_back(i);
  numbers.sort([](double a, double b) { return int(a * 7919) % 60013 < int(b * 7919) % 60013; });
  double sum = 0;
  for (int r = 0; r < 100; r++)
    sum = kernel(numbers, sum * 0.5);
  std::printf("%g\n", sum);
}
