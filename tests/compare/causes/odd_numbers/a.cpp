// Steps of a walk over numbers: few are odd.
#include <cstdio>
#include <vector>

struct Walk {
  std::vector<unsigned> numbers;
  std::vector<unsigned> odd, even;
};

extern "C" __attribute__((noinline)) unsigned kernel(const unsigned *numbers, unsigned count, unsigned *odd, unsigned *even) {
  unsigned n = 0;
  for (unsigned i = 0; i < count; i++) {
    if (numbers[i] & 1)
      odd[n++] = i;
    else
      even[i - n] = numbers[i];
  }
  return n;
}

int main() {
  Walk walk{std::vector<unsigned>(200000), std::vector<unsigned>(200000), std::vector<unsigned>(200000)};
  unsigned seed = 1;
  for (auto &number : walk.numbers) {
    seed = seed * 1103515245u + 12345u;
    number = (seed >> 16) % 100 == 7 ? 1 : 2;
  }
  unsigned n = 0;
  for (int r = 0; r < 200; r++)
    n += kernel(walk.numbers.data(), 200000, walk.odd.data(), walk.even.data());
  std::printf("%d\n", n != 1);
}
