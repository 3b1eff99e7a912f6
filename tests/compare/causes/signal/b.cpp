// Smooths a signal of double.
#include <cstdio>
#include <vector>

using Number = double;

extern "C" __attribute__((noinline)) void kernel(Number *__restrict to, const Number *__restrict from, int count) {
  for (int i = 1; i < count - 1; i++)
    to[i] = (from[i - 1] + from[i] + from[i + 1]) * Number(0.3);
}

int main() {
  std::vector<Number> from(4096, Number(1)), to(4096);
  for (int r = 0; r < 60000; r++)
    kernel(to.data(), from.data(), 4096);
  std::printf("%g\n", double(to[7]));
}
