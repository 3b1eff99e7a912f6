// The same loop, with more before it.
#include <stdio.h>

static unsigned numbers[1024];

__attribute__((noinline, aligned(64))) int filler(int x) {
  x = x * 7 ^ 3;
  x = x * 77 ^ 33;
  x = x * 777 ^ 333;
  return x;
}

__attribute__((noinline, aligned(16))) unsigned kernel(unsigned seed) {
  for (int i = 0; i < 1024; i++)
    seed = seed * 31 + numbers[i];
  return seed;
}

int main(int argc, char **argv) {
  unsigned sum = filler(argc);
  for (int r = 0; r < 300000; r++)
    sum ^= kernel(sum + r);
  printf("%u %s\n", sum, argv[0] ? "" : "none");
}
