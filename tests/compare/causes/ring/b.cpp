// A ring of numbers whose size is a constant.
#include <cstdio>
#include <vector>

struct Ring {
  std::vector<unsigned> slots;
  unsigned size;
  __attribute__((noinline)) unsigned walk(unsigned steps) const {
    unsigned at = 1, sum = 0;
    for (unsigned i = 0; i < steps; i++) {
      at = (at * 5 + i) % 1024u;
      sum += slots[at];
    }
    return sum;
  }
};

int main(int argc, char **) {
  Ring ring{std::vector<unsigned>(1024, 3), 1023u + argc};
  unsigned sum = 0;
  for (int r = 0; r < 2000; r++)
    sum += ring.walk(10000);
  std::printf("%u\n", sum);
}
