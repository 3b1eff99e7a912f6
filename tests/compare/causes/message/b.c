// Two halves of a word are stored, and loaded as one.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct message {
  uint32_t low, high;
};

__attribute__((noinline)) uint64_t kernel(struct message *m, const uint32_t *x, int n) {
  uint64_t sum = 0;
  for (int i = 0; i < n; i++) {
    m->low += x[i];
    m->high ^= x[i];
    uint64_t both;
    memcpy(&both, m, sizeof both);
    sum += both;
  }
  return sum;
}

static uint32_t x[1024];

int main(void) {
  struct message m = {1, 2};
  uint64_t sum = 0;
  for (int i = 0; i < 1024; i++)
    x[i] = i * 77;
  for (int r = 0; r < 30000; r++)
    sum += kernel(&m, x, 1024);
  printf("%llu\n", (unsigned long long)sum);
}
