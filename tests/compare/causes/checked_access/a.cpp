// Scales numbers, which are there.
#include <cstdio>
#include <vector>

extern "C" __attribute__((noinline)) void kernel(std::vector<float> &numbers, int count) {
  for (int i = 0; i < count; i++)
    numbers[i] *= 1.5f;
}

int main() {
  std::vector<float> numbers(4096, 1.0f);
  for (int r = 0; r < 400000; r++)
    kernel(numbers, 4096);
  std::printf("%g\n", numbers[7]);
}
