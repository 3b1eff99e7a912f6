// Looks at short lists of numbers, in one that is kept.
#include <cstdio>
#include <vector>

static std::vector<int> scratch;

__attribute__((noinline)) int largest(const int *from, int count) {
  std::vector<int> &numbers = scratch;
  numbers.clear();
  for (int i = 0; i < count; i++)
    numbers.push_back(from[i] ^ i);
  int most = 0;
  for (int number : numbers)
    most = number > most ? number : most;
  return most;
}

int main() {
  int from[64];
  for (int i = 0; i < 64; i++)
    from[i] = i * 37 % 64;
  long sum = 0;
  scratch.reserve(64);
  for (int r = 0; r < 700000; r++)
    sum += largest(from + (r & 31), 12);
  std::printf("%ld\n", sum);
}
